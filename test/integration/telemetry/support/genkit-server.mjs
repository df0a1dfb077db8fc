/** Runs the Genkit telemetry server on a port and a folder given as arguments. */
import { createRequire } from 'node:module';

// Its ESM entry is CommonJS in truth.
const { LocalFileLogStore, LocalFileTraceStore, startTelemetryServer } = createRequire(
  import.meta.url,
)('@genkit-ai/telemetry-server');

const [port, folder] = process.argv.slice(2);
const roots = { storeRoot: folder, indexRoot: folder };
await startTelemetryServer({
  port: Number(port),
  host: '127.0.0.1',
  traceStore: new LocalFileTraceStore(roots),
  logStore: new LocalFileLogStore(roots),
});
