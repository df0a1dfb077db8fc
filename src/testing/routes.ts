import { anthropicRoutes } from './anthropic/routes.js';
import { openaiRoutes } from './openai/routes.js';
import type { RecordedRequest } from './recorded-request.js';
import { endpointPath, type Route } from './route.js';

/** An endpoint that fits a request, with what its path captured. */
export interface RouteMatch {
  readonly route: Route;
  readonly id: string;
}

/** Finds the endpoint for a request. Where both providers have the path, the Anthropic version header decides. */
export function findRoute(request: RecordedRequest): RouteMatch | undefined {
  const path = endpointPath(request.path);
  const tables = isAnthropic(request)
    ? [...anthropicRoutes, ...openaiRoutes]
    : [...openaiRoutes, ...anthropicRoutes];
  for (const route of tables) {
    const match = route.method === request.method ? route.path.exec(path) : null;
    if (match !== null) return { route, id: decodeURIComponent(match[1] ?? '') };
  }
  return undefined;
}

/** Says whether a request speaks to Anthropic's API. */
export function isAnthropic({ headers, path }: RecordedRequest): boolean {
  return headers['anthropic-version'] !== undefined || endpointPath(path).startsWith('/messages');
}
