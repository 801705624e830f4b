// Starts the real collector on ports and data of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const built = (name) => join(root, 'build', name);
export const binary = process.env.JCG_BINARY || built('jcallgraph');
export const missing = existsSync(binary) ? false : `no collector at ${binary}: make build, or set JCG_BINARY`;

/** start waits until it takes spans in. Ports that are taken make it exit: then others are tried. */
export async function start(...config) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startAt(1000 + Math.floor(Math.random() * 30000), config);
    } catch (cause) {
      if (attempt === 5) throw cause;
    }
  }
}

async function startAt(offset, config) {
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
      await rm(data, { recursive: true, force: true });
    },
  };
  const ready = until(async () => (await fetch(collector.otlp + '/v1/traces', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).ok);
  if (await Promise.race([ready.then(() => 'ready'), ended.then(() => 'ended')]) === 'ended') {
    await rm(data, { recursive: true, force: true });
    throw new Error('the collector ended: ' + log);
  }
  return collector;
}

/** until asks again until the answer is true; what throws is asked again too. */
export async function until(condition, what = 'condition', limit = 60_000) {
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
