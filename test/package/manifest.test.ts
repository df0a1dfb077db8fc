import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest, root } from './repository.js';

const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];
const PERMISSIVE = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD'];

const manifest = readManifest();

/** Finds where Node would find `name` for a package in `directory`. */
function locate(name: string, directory: string): string {
  const home = join(directory, 'node_modules', name);
  if (existsSync(join(home, 'package.json'))) return home;
  const parent = join(directory, '..');
  if (parent === directory) throw new Error(`${name} is not installed`);
  return locate(name, parent);
}

/** Every package an application gets by installing this one, peers left out. */
function collectDependencies(directory: string, seen = new Map<string, string | undefined>()) {
  for (const name of Object.keys(readManifest(directory).dependencies ?? {})) {
    if (seen.has(name)) continue;
    const home = locate(name, directory);
    seen.set(name, readManifest(home).license);
    collectDependencies(home, seen);
  }
  return seen;
}

describe('package.json', () => {
  it('runs nothing when it is installed', () => {
    const found = INSTALL_SCRIPTS.filter((name) => manifest.scripts?.[name] !== undefined);

    expect(found).toEqual([]);
  });

  it('brings in only dependencies that run nothing when they are installed', () => {
    const found = [...collectDependencies(root).keys()].filter((name) => {
      const { scripts } = readManifest(locate(name, root));
      return ['preinstall', 'install', 'postinstall'].some((script) => scripts?.[script]);
    });

    expect(found).toEqual([]);
  });

  it('brings in only dependencies under a permissive licence', () => {
    const dependencies = [...collectDependencies(root)];

    expect(dependencies.map(([name]) => name)).toContain('p-retry');
    expect(dependencies.filter(([, licence]) => !PERMISSIVE.includes(licence ?? ''))).toEqual([]);
  });

  it('never brings in a provider SDK of its own', () => {
    const brought = [...collectDependencies(root).keys()];

    expect(brought).not.toContain('openai');
    expect(brought).not.toContain('@anthropic-ai/sdk');
    expect(manifest.peerDependencies).toHaveProperty('openai');
    expect(manifest.peerDependenciesMeta?.['@anthropic-ai/sdk']?.optional).toBe(true);
  });
});
