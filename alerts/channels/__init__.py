"""Ways to reach people: mail, SMS by SMPP or HTTP, chat. One port (port.py), one module each."""
