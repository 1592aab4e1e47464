/** The routes as an OpenAPI document. */
import { ENGINE_VERSION } from '../base/version.ts';
import { EVENT } from './events.ts';
import type { Route } from './rest.ts';
import { ROUTES } from './rest-api.ts';
import { ERROR_ANSWER, type JsonSchema } from './schema.ts';

const ERROR = {
  description: 'What is wrong with the request, or why the job cannot do it',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

function json(description: string, schema: JsonSchema) {
  return { description, content: { 'application/json': { schema } } };
}

function parametersOf({ path, query = {} }: Pick<Route, 'path' | 'query'>) {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
  return [...inPath, ...inQuery];
}

function operationOf(route: Route) {
  const { operationId, summary, changes, reveals = false, status, body, answer } = route;
  return {
    operationId,
    summary,
    parameters: parametersOf(route),
    ...(body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: { [status]: json(summary, answer), default: ERROR },
    ...(changes || reveals ? { security: [{ token: [] }] } : {}),
  };
}

/** Beside the routes: what is no JSON, and this document. */
const OTHERS = {
  '/metrics': {
    get: {
      operationId: 'getMetrics',
      summary: 'All metrics, as Prometheus takes them',
      responses: {
        200: {
          description: 'The text format of Prometheus, version 0.0.4',
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
        default: ERROR,
      },
    },
  },
  '/events': {
    get: {
      operationId: 'getEvents',
      summary: 'How a job is, once a second, as Server-Sent Events',
      parameters: [
        {
          name: 'job',
          in: 'query',
          description: 'Its id; may be left out where there is one job',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: {
          description: 'Events `progress`, each with an object, and `end` with the last one',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
        default: ERROR,
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'getOpenApi',
      summary: 'This document',
      responses: { 200: json('This document', { type: 'object' }), default: ERROR },
    },
  },
};

export function openApi() {
  const paths: Record<string, Record<string, unknown>> = { ...OTHERS };
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'millrace',
      version: ENGINE_VERSION,
      description: 'Jobs: what they do, how they are, and how to end them.',
    },
    paths,
    components: {
      schemas: { Error: ERROR_ANSWER, ProgressEvent: EVENT },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}
