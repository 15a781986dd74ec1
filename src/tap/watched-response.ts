import type { Watch } from './sent.ts'

/** Statuses whose responses have no body, by the Fetch standard ("null body status"). */
const bodiless: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/**
 * The same response, and a watch that sees each piece of its body as the agent reads it. Nothing is read that the
 * agent does not ask for, so back-pressure stays; an agent that stops early cancels the real body at once; what the
 * body fails with is what the agent gets. `url`, `redirected` and `type` are those of the real response.
 */
export function watchedResponse(response: Response, watch: Watch): Response {
  watch.head(response.status, response.headers)
  const { body } = response
  if (body === null || bodiless.has(response.status)) {
    watch.end()
    return response
  }
  const { status, statusText, headers } = response
  return alike(new Response(watched(body, watch), { status, statusText, headers }), response)
}

function watched(body: ReadableStream<Uint8Array>, watch: Watch): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream({
    // As the real body is: readers that bring their own buffer keep working.
    type: 'bytes',
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          watch.end()
          controller.close()
          // A reader with a buffer of its own waits for this to learn of the end.
          controller.byobRequest?.respond(0)
        } else if (value.byteLength > 0) {
          // Before it is handed on: the stream takes the buffer away from whoever held it.
          watch.chunk(value)
          controller.enqueue(value)
        }
      } catch (error) {
        watch.fail(error)
        controller.error(error)
      }
    },
    cancel(reason) {
      watch.end('cancelled')
      return reader.cancel(reason)
    },
  })
}

/** A response built here has no address of its own: it says what the real one says, and so do its clones. */
function alike(response: Response, real: Response): Response {
  const { url, redirected, type } = real
  const says = (value: unknown): PropertyDescriptor => ({ value, configurable: true })
  return Object.defineProperties(response, {
    url: says(url),
    redirected: says(redirected),
    type: says(type),
    clone: { ...says(() => alike(Response.prototype.clone.call(response), real)), writable: true },
  })
}
