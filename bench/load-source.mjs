import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Imports one TypeScript file of the project, bundled in memory, so that a bench needs no build. */
export async function loadSource(path) {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(`../${path}`, import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    write: false,
    logLevel: 'error',
  });
  const code = result.outputFiles[0].text;
  return import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
}
