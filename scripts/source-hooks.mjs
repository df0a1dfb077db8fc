/**
 * Runs TypeScript straight from `src`, without a build: `node --import ./scripts/source-hooks.mjs file.ts`.
 * Node strips the types itself; this only finds the files: `zerohop` is the source, and `./x.js` is `./x.ts`.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const entries = new Map([
  ['zerohop', new URL('../src/index.ts', import.meta.url).href],
  ['zerohop/anthropic', new URL('../src/anthropic.ts', import.meta.url).href],
  ['zerohop/testing', new URL('../src/testing/index.ts', import.meta.url).href],
]);

registerHooks({
  resolve(specifier, context, nextResolve) {
    const entry = entries.get(specifier);
    if (entry) return { url: entry, format: 'module-typescript', shortCircuit: true };

    const isRelativeScript = specifier.startsWith('.') && specifier.endsWith('.js');
    if (isRelativeScript && context.parentURL?.endsWith('.ts')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(fileURLToPath(source))) return nextResolve(source.href, context);
    }
    return nextResolve(specifier, context);
  },
});
