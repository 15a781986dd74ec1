/** One event of a `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface ServerSentEvent {
  /** The `event:` line; absent where there was none. */
  readonly event?: string
  /** The `data:` lines, joined by newlines. */
  readonly data: string
}

/**
 * The events in a stream's text, in order, in one pass over it. Lines end with LF, CR or both, also mixed; comments,
 * `id` and `retry` are passed over, and so are events without a `data:` line. Unlike a browser, this counts a last
 * event that lacks its blank line: the stream was cut there, and its data may be cut too.
 */
export function readEvents(text: string): readonly ServerSentEvent[] {
  const events: ServerSentEvent[] = []
  let event = ''
  let data: string[] = []
  const dispatch = () => {
    if (data.length > 0) events.push({ ...(event === '' ? {} : { event }), data: data.join('\n') })
    event = ''
    data = []
  }
  const start = text.startsWith('\uFEFF') ? text.slice(1) : text
  for (const line of start.split(/\r\n|\n|\r/)) {
    if (line === '') {
      dispatch()
      continue
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
  }
  dispatch()
  return events
}

/** One event as it stands in a stream, with its blank line. What is no text is written as JSON. */
export function writeEvent(data: unknown, event?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  const lines = text.split(/\r\n|\n|\r/).map((line) => `data: ${line}\n`)
  const name = event === undefined ? '' : `event: ${event.replaceAll(/[\r\n]+/g, ' ')}\n`
  return `${name}${lines.join('')}\n`
}
