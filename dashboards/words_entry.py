"""The words of signing in and of one's account, Chinese and English."""

from __future__ import annotations

from . import words

WORDS: dict[str, tuple[str, str]] = {
    # the head bar
    "bar_places": ("栏目", "Places"),
    "bar_people": ("人员", "People"),
    "bar_units": ("单位", "Units"),
    "bar_rights": ("权限", "Rights"),
    "bar_kiosks": ("大屏终端", "Kiosks"),
    "bar_keys": ("密钥", "Keys"),
    "bar_trail": ("审计", "Trail"),
    "bar_verify": ("日志核验", "Verify"),
    "bar_silences": ("静默", "Silences"),
    "bar_told": ("告知记录", "Told"),
    "bar_alerts": ("告知设置", "Alerts"),
    "bar_samples": ("案卷抽查", "Samples"),
    "bar_what_if": ("推演复算", "What if"),
    "bar_account": ("我的账户", "My account"),
    "sign_out": ("退出", "Sign out"),
    # signing in
    "sign_in": ("登录", "Sign in"),
    "sign_in_go": ("登录", "Sign in"),
    "name": ("登录名", "Name"),
    "password": ("密码", "Password"),
    "or": ("或", "or"),
    "by_provider": ("使用{name}登录", "Sign in with {name}"),
    "provider": ("统一身份认证", "the identity provider"),
    "sign_in_failed": (
        "登录失败：登录名、密码或验证码不正确。连续失败五次，账户将锁定十五分钟。",
        (
            "Not signed in: the name, password or code is not right. "
            "Five failures in a row lock an account for a quarter of an hour."
        ),
    ),
    "too_many": ("尝试次数过多，请 {n} 秒后再试。", "Too many tries: come back in {n} seconds."),
    "provider_down": (
        "统一身份认证暂时不可用，请稍后再试，或使用本地账户登录。",
        "The identity provider cannot be reached: try again later, or use a local account.",
    ),
    "nobody_title": ("系统中还没有任何用户", "Nobody can sign in yet"),
    "nobody_text": (
        "请系统管理员在服务器上执行以下命令，建立第一名安全管理员：",
        "On the server, make the first security administrator with this command:",
    ),
    "nobody_then": (
        "命令会给出一次性的初始密码；用它在此登录，再按提示设置动态口令和新密码。",
        (
            "It tells a first password, once. Sign in here with it, "
            "then set up the second factor and a new password."
        ),
    ),
    "nobody_name": ("登录名", "NAME"),
    # the steps
    "code_title": ("动态口令", "Second factor"),
    "code_text": (
        "请打开手机上的身份验证器，输入“电子监察”下显示的六位数字。",
        "Open the authenticator on your telephone and type the six digits of “电子监察”.",
    ),
    "code": ("六位验证码", "Six digits"),
    "code_lost": (
        "手机遗失或更换，请联系安全管理员重置动态口令。",
        "Telephone lost or replaced? Ask the security administrator to reset the second factor.",
    ),
    "go_on": ("继续", "Continue"),
    "factor_title": ("设置动态口令", "Set up the second factor"),
    "factor_why": (
        "管理员登录必须使用动态口令。",
        "Administrators sign in with a second factor.",
    ),
    "factor_scan": (
        "用手机上的身份验证器扫描二维码。",
        "Scan the picture with the authenticator on your telephone.",
    ),
    "factor_type": ("不能扫描时，手工输入此密钥：", "If it cannot be scanned, type this key:"),
    "factor_code": (
        "输入身份验证器显示的六位数字。",
        "Type the six digits that the authenticator shows.",
    ),
    "factor_picture": ("动态口令的二维码", "QR code of the second factor"),
    "password_title": ("修改密码", "Change the password"),
    "password_first": (
        "当前密码是初始密码，请先换成只有您自己知道的密码。",
        "Your password is a first one: choose one that only you know.",
    ),
    "password_elsewhere": (
        "修改后，您在其他设备上的登录将全部结束。",
        "Your sessions elsewhere will end.",
    ),
    "old_password": ("当前密码", "Current password"),
    "new_password": ("新密码", "New password"),
    "new_password_again": ("再次输入新密码", "New password again"),
    "password_rules": (
        "至少 12 个字符；不含登录名，不用重复或连续的字符。",
        "At least 12 characters; not the name, nor characters repeated or in a row.",
    ),
    "not_the_same": ("两次输入的新密码不一致。", "The new password was typed in two ways."),
    "old_wrong": ("当前密码不正确。", "The current password is not right."),
    "save": ("保存", "Save"),
    "cancel": ("取消", "Cancel"),
    # links
    "link_title": ("一次性登录链接", "A link that signs in once"),
    "link_text": (
        "点击下面的按钮登录。链接只能使用一次，用后即失效。",
        "Sign in by the button. The link is good once.",
    ),
    "link_over": (
        "此链接无效、已被使用或已过期。请向发给您链接的人索取新的链接。",
        "The link is wrong, used or too old. Ask whoever sent it for another.",
    ),
    # the account
    "account_title": ("我的账户", "My account"),
    "factor": ("动态口令", "Second factor"),
    "factor_on": ("已启用", "in use"),
    "factor_off": ("未启用", "not in use"),
    "factor_begin": ("启用动态口令", "Begin a second factor"),
    "factor_renew": ("更换动态口令", "Renew the second factor"),
    "roles": ("角色与范围", "Roles"),
    "role": ("角色", "Role"),
    "over": ("范围", "Over"),
    "personal": ("个人信息", "Personal data"),
    "personal_yes": ("可查看（须说明理由）", "may be looked at, with a reason"),
    "personal_no": ("不可查看", "masked"),
    "no_roles": (
        "您还没有任何角色，请联系安全管理员授权。",
        "You have no role yet: ask the security administrator.",
    ),
    "the_whole": ("全部", "everything"),
    "between": ("、", ", "),
    "sessions": ("登录会话", "Sessions"),
    "session_how": ("方式", "By"),
    "session_since": ("登录时间", "Since"),
    "session_seen": ("最近使用", "Last used"),
    "session_from": ("来源地址", "From"),
    "session_browser": ("浏览器", "Browser"),
    "session_own": ("本次登录", "this one"),
    "session_unfinished": ("未完成", "unfinished"),
    "session_end": ("结束", "End"),
    "session_end_long": (
        "结束 {since} 从 {place} 开始的会话",
        "End the session of {since} from {place}",
    ),
    "sessions_end": ("结束其他全部会话", "End all others"),
    "sessions_why": (
        "发现不认识的会话，请立即结束它并修改密码。",
        "A session that you do not know? End it, and change your password.",
    ),
    "unknown_browser": ("未知", "unknown"),
    "how_password": ("密码", "password"),
    "how_totp": ("动态口令", "second factor"),
    "how_oidc": ("统一身份认证", "identity provider"),
    "how_link": ("一次性链接", "link"),
    "how_kiosk": ("大屏终端", "kiosk"),
    "confirm_title": ("确认是您本人", "Show that it is you"),
    "confirm_code": (
        "请输入当前身份验证器显示的六位数字，然后设置新的动态口令。",
        "Type the six digits that your present authenticator shows; then set up the new one.",
    ),
    "confirm_password": (
        "请输入当前密码，然后设置动态口令。",
        "Type your current password; then set up the second factor.",
    ),
    "confirm_none": (
        "您由统一身份认证登录，第二重验证由其负责，无需在此设置。",
        "The identity provider signs you in, and sees to a second factor.",
    ),
    "done_out": ("您已退出。", "You are signed out."),
    "done_ended": (
        "登录已结束；如为大屏终端，则该终端已被关闭。",
        "This session has ended; a wall without a person has been closed.",
    ),
    "done_password": ("密码已修改，其他会话已结束。", "Password changed; other sessions ended."),
    "done_factor": (
        "动态口令已启用，其他会话已结束。",
        "The second factor is in use; other sessions ended.",
    ),
    "done_session": ("会话已结束。", "The session is over."),
    "done_sessions": ("其他会话已全部结束。", "All other sessions are over."),
    # refusals
    "onward": ("返回首页", "Go on"),
    "refused_403_title": ("不能进行此操作", "This is not for you"),
    "refused_403_text": (
        "您的账户没有这项权限，或页面已经过期。请返回首页重新打开；如工作需要，请联系安全管理员授权。",
        (
            "Your account does not have the right, or the page is too old. Open it anew; "
            "if your work needs it, ask the security administrator."
        ),
    ),
    "refused_404_title": ("没有这一页", "There is no such page"),
    "refused_404_text": ("请核对地址，或返回首页。", "Check the address, or go on."),
    "refused_503_title": ("系统暂时不可用", "Not available just now"),
    "refused_503_text": (
        "请稍后再试；若一直如此，请联系系统管理员。",
        "Try again in a moment; if it stays so, tell the system administrator.",
    ),
    "refused_other_title": ("无法处理这个请求", "This cannot be done"),
    "refused_other_text": (
        "提交的内容不符合要求。请返回首页，重新打开页面后再试。",
        "What was sent does not fit. Open the page anew and try again.",
    ),
    "clock_title": ("系统时钟异常", "The clock jumped"),
    "clock_text": (
        (
            "服务器时钟发生跳变，确认之前不能登录或更改任何内容。"
            "请系统管理员核对时钟后在服务器上执行：supervise clock confirm"
        ),
        (
            "Nobody can sign in or change anything until the clock is confirmed. "
            "On the server, check it and run: supervise clock confirm"
        ),
    ),
    "store_title": ("暂时连接不上数据库", "The database does not answer"),
    "store_text": (
        "您的操作可能没有保存。请稍后再试；若一直如此，请联系系统管理员。",
        (
            "What you did may not be stored. Try again in a moment; "
            "if it stays so, tell the system administrator."
        ),
    ),
}

ROLES: dict[str, tuple[str, str]] = {
    "inspector": ("监察人员", "inspector"),
    "manager": ("部门负责人", "manager"),
    "window": ("窗口人员", "window staff"),
    "auditor": ("审计人员", "auditor"),
    "system_admin": ("系统管理员", "system administrator"),
    "security_admin": ("安全管理员", "security administrator"),
    "audit_admin": ("审计管理员", "audit administrator"),
}


def say(key: str, lang: str, **fill: object) -> str:
    """The word for a key in a language, with its blanks filled."""
    text = WORDS[key][words.side(lang)]
    return text.format(**fill) if fill else text


def role_name(role: str, lang: str) -> str:
    """How people call a role."""
    return words.either(ROLES, role, lang)
