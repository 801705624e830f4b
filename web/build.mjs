// Builds the pages into the folder that the query server embeds, or into the
// folder that is given. The same sources give the same bytes.
import { build } from 'esbuild';
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = process.argv[2] ?? here + '../extension/query/ui';

await mkdir(out, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { app: 'src/main.tsx' },
  outdir: out,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  charset: 'utf8',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  banner: { js: '/* JCallGraph, Apache-2.0. Holds Preact and @preact/signals, MIT: Copyright (c) 2015-present Jason Miller; Copyright (c) 2022-present Preact Team */' },
  logLevel: 'warning',
});
await copyFile(here + 'src/index.html', out + '/index.html');
