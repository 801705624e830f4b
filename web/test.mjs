// Runs the tests: those of single modules, bundled first because Node 20 reads
// no TypeScript, and then the journeys through a real collector and browser.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const only = process.argv[2]; // "unit" or "e2e"; both without
const files = (folder, end) => readdirSync(join(here, folder)).filter((f) => f.endsWith(end)).map((f) => join(here, folder, f));

function run(tests) {
  const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=1', ...tests], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

if (only !== 'e2e') {
  const out = mkdtempSync(join(tmpdir(), 'jcallgraph-web-'));
  await build({ entryPoints: files('test', '.test.ts'), outdir: out, outExtension: { '.js': '.mjs' }, bundle: true, platform: 'node', format: 'esm', sourcemap: 'inline', logLevel: 'warning' });
  run(readdirSync(out).map((f) => join(out, f)));
  rmSync(out, { recursive: true });
}
if (only !== 'unit') run(files('e2e', '.test.mjs'));
