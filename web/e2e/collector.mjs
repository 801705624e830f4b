// Starts the real collector on ports and data of its own.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const built = (name) => join(root, 'build', name);
export const binary = process.env.JCG_BINARY || built('jcallgraph');
export const missing = existsSync(binary) ? false : `no collector at ${binary}: make build, or set JCG_BINARY`;

const ports = [4317, 4318, 4319, 8888, 8889, 13133, 16686];
const loopback = { host: '127.0.0.1', address: '127.0.0.1', exclusive: true };

/** binds says whether something could be bound before it told of an error. */
const binds = (of, bind) => new Promise((done) => of.once('error', () => done(false)) && bind(() => done(true)));
const closes = (of) => new Promise((done) => of.close(done));

/** free says that nobody listens on a port: another collector there would answer in the place of ours. */
async function free(port) {
  const server = createServer();
  const is = await binds(server, (then) => server.listen({ ...loopback, port }, then));
  if (is) await closes(server);
  return is;
}

/** claim holds the UDP ports of the same numbers, as the tests in Go do, so that no other test is given them before ours listens; null: they are taken. */
async function claim(offset) {
  const held = [];
  const release = () => Promise.all(held.map(closes));
  for (const port of ports.map((p) => p + offset)) {
    const socket = createSocket('udp4').unref();
    const ours = await binds(socket, (then) => socket.bind({ ...loopback, port }, then));
    if (ours) held.push(socket);
    if (!ours || !(await free(port))) {
      await release();
      return null;
    }
  }
  return release;
}

/** start waits until it takes spans in, on ports below those that the system gives to outgoing connections. */
export async function start(...config) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const offset = 1000 + Math.floor(Math.random() * 15000);
    const release = await claim(offset);
    if (release) return startAt(offset, config, release);
  }
  throw new Error('no free ports');
}

async function startAt(offset, config, release) {
  const data = await mkdtemp(join(tmpdir(), 'jcallgraph-e2e-'));
  const child = spawn(binary, ['--config', 'builtin:all-in-one', ...config.flatMap((c) => ['--config', c])], {
    env: { ...process.env, JCG_DATA: data, JCG_PORT_OFFSET: String(offset) }, stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text) => { log = (log + text).slice(-4000); });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const collector = {
    offset,
    url: `http://127.0.0.1:${16686 + offset}/`,
    otlp: `http://127.0.0.1:${4318 + offset}`,
    grpc: `127.0.0.1:${4317 + offset}`,
    compact: `127.0.0.1:${4319 + offset}`,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await release();
      await rm(data, { recursive: true, force: true });
    },
  };
  const runs = () => child.exitCode === null && child.signalCode === null;
  try {
    await until(async () => !runs() || (await post(collector, {})) === undefined, 'a collector that takes spans');
    if (!runs()) throw new Error('the collector ended: ' + log);
    return collector;
  } catch (cause) {
    await collector.stop();
    throw cause;
  }
}

/** until asks again until the answer is true; what throws is asked again too. A busy machine may stand still for half a minute. */
export async function until(condition, what = 'condition', limit = 120_000) {
  const end = Date.now() + limit;
  for (;;) {
    try {
      if (await condition()) return;
    } catch {
      // not yet
    }
    if (Date.now() > end) throw new Error(`waited ${limit} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function post(collector, traces) {
  const answer = await fetch(collector.otlp + '/v1/traces', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(traces),
  });
  if (!answer.ok) throw new Error(`OTLP: ${answer.status} ${await answer.text()}`);
}

export async function ask(collector, path) {
  const answer = await fetch(collector.url + 'api/jcg/v1/' + path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
