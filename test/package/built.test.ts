import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listExportedFiles, readManifest, root } from './repository.js';

const manifest = readManifest();
const exportedFiles = listExportedFiles(manifest);
const isBuilt = exportedFiles.every(([, file]) => existsSync(join(root, file)));
if (!isBuilt) {
  process.stderr.write('test/package/built.test.ts is skipped: run `npm run build` first\n');
}

/** Runs a program in a process of its own, as an application of that module system would be. */
function run(type: 'module' | 'commonjs', program: string): unknown {
  const output = execFileSync(
    process.execPath,
    ['--throw-deprecation', `--input-type=${type}`, '--eval', program],
    { cwd: root, encoding: 'utf8' },
  );
  return JSON.parse(output);
}

/** Prints the provider SDKs that `specifier` loads, whichever of their copies. */
const printLoadedSdks = (load: string): string => `
  const { registerHooks } = process.getBuiltinModule('node:module');
  const loaded = new Set();
  registerHooks({
    load(url, context, nextLoad) {
      const [, name] = /node_modules\\/(openai|@anthropic-ai\\/sdk)\\//.exec(url) ?? [];
      if (name) loaded.add(name);
      return nextLoad(url, context);
    },
  });
  ${load};
  console.log(JSON.stringify([...loaded].sort()));`;

describe.skipIf(!isBuilt)('the built package', () => {
  it('packs what is meant and nothing else', () => {
    const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(output);
    const meant =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w-]+\.(d\.ts|d\.cts|js|cjs|js\.map|cjs\.map))$/;
    const paths = files.map(({ path }) => path);

    expect(paths.filter((path) => !meant.test(path))).toEqual([]);
    for (const [, file] of exportedFiles) expect(paths).toContain(file.replace('./', ''));
    for (const file of ['LICENSE', 'CHANGELOG.md']) expect(paths).toContain(file);
  });

  it.each(exportedFiles)('has the file that %s names: %s', (_, file) => {
    expect(existsSync(join(root, file))).toBe(true);
  });

  it('holds no path of the machine it was built on', () => {
    const wrong = readdirSync(join(root, 'dist')).filter((file) =>
      readFileSync(join(root, 'dist', file), 'utf8').includes(root),
    );

    expect(wrong).toEqual([]);
  });

  const entries = Object.keys(manifest.exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => `zerohop${subpath.slice(1)}`);

  it.each(entries)('gives the same names by import and by require: %s', (entry) => {
    const imported = run(
      'module',
      `console.log(JSON.stringify(Object.keys(await import('${entry}')).sort()))`,
    );
    const required = run(
      'commonjs',
      `console.log(JSON.stringify(Object.keys(require('${entry}')).sort()))`,
    );

    expect(imported).not.toEqual([]);
    expect(required).toEqual(imported);
  });

  it.each([
    ['module', "const root = await import('zerohop'), other = await import('zerohop/anthropic')"],
    ['commonjs', "const root = require('zerohop'), other = require('zerohop/anthropic')"],
  ] as const)('shares one copy of everything between its entries (%s)', (type, load) => {
    const differing = run(
      type,
      `${load};
      const shared = Object.keys(root).filter((name) => name !== 'default' && name in other);
      console.log(JSON.stringify(shared.filter((name) => root[name] !== other[name])));`,
    );

    expect(differing).toEqual([]);
  });

  it.each([
    ['ES modules', /\.js$/],
    ['CommonJS', /\.cjs$/],
  ])('defines every class once (%s)', (_, extension) => {
    const classes = readdirSync(join(root, 'dist'))
      .filter((file) => extension.test(file))
      .flatMap((file) => [
        ...readFileSync(join(root, 'dist', file), 'utf8').matchAll(
          /^(?:var (\w+) = class|class (\w+))\b/gm,
        ),
      ])
      .map(([, assigned, declared]) => assigned ?? declared);

    expect(classes).not.toEqual([]);
    expect(classes.filter((name, index) => classes.indexOf(name) !== index)).toEqual([]);
  });

  it.each([
    ['module', "await import('zerohop')", ['openai']],
    ['commonjs', "require('zerohop')", ['openai']],
    ['module', "await import('zerohop/testing')", []],
    ['commonjs', "require('zerohop/testing')", []],
  ] as const)('loads no SDK that was not asked for (%s: %s)', (type, load, sdks) => {
    expect(run(type, printLoadedSdks(load))).toEqual(sdks);
  });
});
