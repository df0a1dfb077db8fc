import { defineConfig, type Options } from 'tsup';

const shared: Options = {
  entry: {
    index: 'src/index.ts',
    anthropic: 'src/anthropic.ts',
    testing: 'src/testing/index.ts',
  },
  outDir: 'dist',
  target: 'node22',
  platform: 'node',
  // Entries share their chunks, so that one process holds one copy of each class, symbol and registry.
  splitting: true,
  treeshake: true,
  sourcemap: true,
  external: ['openai', '@anthropic-ai/sdk', 'ioredis', /^node:/],
};

export default defineConfig([
  { ...shared, format: 'esm', dts: true },
  // p-retry is ESM only: `require()` of it depends on the runtime, the bundler and the test runner.
  { ...shared, format: 'cjs', dts: true, noExternal: ['p-retry'] },
]);
