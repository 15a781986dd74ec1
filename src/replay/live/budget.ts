import { EvalkitError } from '../../schema/errors.ts'

/** A spend cap that all trials of a run share. */
export interface Budget {
  /**
   * Sets aside what a call may cost, before it is made. Where that does not fit beside what calls under way have set
   * aside, it waits for them: most cost less than was thought. Throws `EVK_SPEND_CAP` where it does not fit beside
   * what was spent, and then for good: no later call is let through. Rejects at once with the signal's reason.
   */
  reserve(estimateUsd: number, signal?: AbortSignal): Promise<Reserved>
  /** USD spent so far, by what is known. */
  spent(): number
  /** Whether a call was refused: the run was cut short. */
  isExhausted(): boolean
}

/** Money set aside for one call. It is settled once; later words change nothing. */
export interface Reserved {
  settle(costUsd: number): void
}

/**
 * A cap of so many USD. What is spent exceeds it at most by what the calls under way when it was reached cost more than
 * they were estimated at: never, where estimates are upper bounds.
 */
export function budgetOf(capUsd: number): Budget {
  let spent = 0
  let reserved = 0
  let underWay = 0
  let exhausted = false
  /** First come, first served: else a dear call waits for ever behind cheap ones. */
  const waiting: Waiting[] = []

  const refusal = (estimateUsd: number): EvalkitError => {
    const left = Math.max(0, capUsd - spent)
    return new EvalkitError(
      'EVK_SPEND_CAP',
      `The spend cap of ${usd(capUsd)} is reached: ${usd(left)} are left, and the next call may cost ${usd(estimateUsd)}.`,
    )
  }

  const fits = (estimateUsd: number): boolean => spent + reserved + estimateUsd <= capUsd

  const take = (estimateUsd: number): Reserved => {
    reserved += estimateUsd
    underWay++
    let open = true
    return {
      settle(costUsd) {
        if (!open) return
        open = false
        underWay--
        // Of many sums of fractions something would stay for ever.
        reserved = underWay === 0 ? 0 : reserved - estimateUsd
        spent += costUsd
        admit()
      },
    }
  }

  const admit = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (!exhausted && fits(first.estimateUsd)) first.admit(take(first.estimateUsd))
      else if (exhausted || underWay === 0) {
        exhausted = true
        first.refuse(refusal(first.estimateUsd))
      } else return
      waiting.shift()
    }
  }

  return {
    async reserve(estimateUsd, signal) {
      signal?.throwIfAborted()
      return new Promise<Reserved>((resolve, reject) => {
        const leave = (): void => {
          const at = waiting.indexOf(entry)
          if (at === -1) return
          waiting.splice(at, 1)
          reject(signal?.reason as Error)
          // Who stood behind may fit where this one did not.
          admit()
        }
        const done = (): void => signal?.removeEventListener('abort', leave)
        const entry: Waiting = {
          estimateUsd,
          admit(place) {
            done()
            resolve(place)
          },
          refuse(error) {
            done()
            reject(error)
          },
        }
        signal?.addEventListener('abort', leave, { once: true })
        waiting.push(entry)
        admit()
      })
    },
    spent: () => spent,
    isExhausted: () => exhausted,
  }
}

interface Waiting {
  readonly estimateUsd: number
  admit(place: Reserved): void
  refuse(error: Error): void
}

/** Cents where there are some, and what is less than a cent in full. */
function usd(amount: number): string {
  return `$${amount >= 1 || amount === 0 ? amount.toFixed(2) : amount.toPrecision(2)}`
}
