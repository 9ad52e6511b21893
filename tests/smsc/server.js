// A short message centre for the tests, spoken to in lines of JSON: commands come by stdin, each
// answered by {"event": "done", "n": ...}; what happens goes to stdout. tests/smsc.py has the words.
'use strict';

const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const options = JSON.parse(process.argv[2]);
const plans = { BIND: [], SUBMIT: [] };
const hanging = new Set();
let held = [];
let waiting = []; // What is to be delivered until somebody acknowledges it.
let bound = null;
let port = 0;
let last = 0x1a2b3c00;

const tell = (event, more) => process.stdout.write(JSON.stringify({ event, ...more }) + '\n');
const written = (id, how) => (how === 'hexadecimal' ? id.toString(16).toUpperCase() : String(id));

// What is to happen at a stage: an answer, "hang" or "cut"; "" is the good answer.
function planned(stage) {
  return hanging.has(stage) ? 'hang' : plans[stage].shift() || '';
}

// Answer as planned; returns whether the answer is, or will be, the good one.
function answer(session, pdu, stage, fields) {
  const plan = planned(stage);
  if (plan === 'cut') {
    session.destroy();
  } else if (plan === 'hang') {
    held.push(() => session.send(pdu.response(fields)));
  } else if (plan) {
    session.send(pdu.response({ command_status: smpp[plan] }));
    return false;
  } else {
    session.send(pdu.response(fields));
  }
  return true;
}

function serve(session) {
  tell('connected');
  session.on('error', () => session.destroy());
  session.on('close', () => {
    if (bound === session) bound = null;
    tell('gone');
  });
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('enquire_link', (pdu) => {
    session.send(pdu.response());
    tell('enquired');
  });
  session.on('bind_transceiver', (pdu) => bind(session, pdu));
  session.on('submit_sm', (pdu) => submit(session, pdu));
}

function bind(session, pdu) {
  if (pdu.system_id !== options.system_id || pdu.password !== options.password) {
    session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
    session.close();
    tell('turned_away');
    return;
  }
  if (!answer(session, pdu, 'BIND', { system_id: 'smsc' })) return;
  bound = session;
  tell('bound');
  waiting.forEach(deliver);
}

function submit(session, pdu) {
  if (bound !== session) {
    session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS }));
    return;
  }
  const id = last + 1;
  if (options.refused.includes(pdu.destination_addr)) {
    session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    return;
  }
  if (!answer(session, pdu, 'SUBMIT', { message_id: written(id, options.ids) })) return;
  last = id;
  tell('submitted', {
    id: written(id, options.ids),
    address: pdu.destination_addr,
    source: pdu.source_addr,
    text: pdu.short_message.message,
    header: pdu.short_message.udh ? pdu.short_message.udh[0].toString('hex') : '',
    coding: pdu.data_coding,
    registered: pdu.registered_delivery,
  });
  if (options.receipts) setImmediate(() => receipt(written(id, options.ids), options.receipts));
}

function deliver(item) {
  if (!bound) return;
  bound.deliver_sm(item.fields, () => {
    waiting = waiting.filter((other) => other !== item);
    tell('noted');
  });
}

function send(fields) {
  const item = { fields };
  waiting.push(item);
  deliver(item);
}

function receipt(id, stat, by_field) {
  const number = parseInt(id, options.ids === 'hexadecimal' ? 16 : 10);
  const told = written(number, options.receipt_ids || options.ids);
  const state = { DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, REJECTD: 8 }[stat];
  const err = stat === 'DELIVRD' ? '000' : '012';
  const text =
    `id:${told} sub:001 dlvrd:001 submit date:2606010800 done date:2606010801 ` +
    `stat:${stat} err:${err} text:stat:EXPIRED`;
  const fields = {
    source_addr: '8613800138000',
    destination_addr: options.system_id,
    esm_class: 4,
    short_message: Buffer.from(by_field ? '' : text, 'ascii'),
  };
  if (by_field) Object.assign(fields, { receipted_message_id: id, message_state: state });
  send(fields);
}

const commands = {
  sync: () => {},
  say: ({ stage, answer, times }) => plans[stage].push(...Array(times).fill(answer)),
  hang: ({ stage }) => hanging.add(stage),
  go_on: () => {
    hanging.clear();
    held.forEach((go) => go());
    held = [];
  },
  refuse: ({ address }) => options.refused.push(address),
  receipt: ({ id, stat, by_field }) => receipt(id, stat, by_field),
  reply: ({ address, text, coding, octets, kind }) =>
    send({
      source_addr: address,
      destination_addr: '106900001',
      esm_class: kind,
      data_coding: coding,
      short_message: octets ? Buffer.from(octets, 'hex') : { message: text },
    }),
  enquire: () => {
    bound.enquire_link({}, () => tell('answered'));
  },
  drop: (_, done) => {
    cut(done);
    return true;
  },
  stop: (_, done) => {
    server.close(done);
    cut(() => {});
    return true;
  },
  start: (_, done) => {
    server.listen(port, '127.0.0.1', done);
    return true;
  },
};

const open = new Set();
function cut(done) {
  const closed = [...open].map((socket) => new Promise((then) => socket.once('close', then)));
  open.forEach((socket) => socket.destroy());
  bound = null;
  Promise.all(closed).then(done);
}

const tls = options.key
  ? { key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) }
  : {};
const server = smpp.createServer(tls, serve);
server.on('connection', (socket) => {
  open.add(socket);
  socket.on('close', () => open.delete(socket));
});
server.listen(0, '127.0.0.1', () => {
  port = server.address().port;
  tell('listening', { port });
});

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line);
    const done = () => tell('done', { n: command.n });
    if (commands[command.do](command, done) !== true) done();
  })
  .on('close', () => process.exit(0));
