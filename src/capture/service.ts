import type { Json } from '../schema/json.ts'

/**
 * Who is running, as OpenTelemetry says it: `service.name`, `service.version`, `deployment.environment.name` from
 * `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` (opentelemetry.io, SDK environment variables), else from what
 * npm tells a script it starts.
 */
export function serviceOf(environment: Readonly<Record<string, string | undefined>>): {
  readonly [key: string]: Json
} {
  const told = new Map<string, string>()
  for (const pair of (environment['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const [name = '', value] = pair.split('=', 2)
    if (value !== undefined) told.set(name.trim(), decoded(value.trim()))
  }
  const name = environment['OTEL_SERVICE_NAME'] ?? told.get('service.name') ?? environment['npm_package_name']
  const version = told.get('service.version') ?? environment['npm_package_version']
  const where = told.get('deployment.environment.name') ?? told.get('deployment.environment')
  return {
    ...(name === undefined ? {} : { 'service.name': name }),
    ...(version === undefined ? {} : { 'service.version': version }),
    ...(where === undefined ? {} : { 'deployment.environment.name': where }),
  }
}

/** Values are percent-encoded, as in W3C Baggage. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
