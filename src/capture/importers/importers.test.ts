import { describeImporter } from './importer.contract.ts'
import { tau2 } from './tau2.ts'
import { tauBench } from './tau-bench.ts'

function listIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('the sample holds no list of runs')
  return value
}

describeImporter(tauBench, new URL('./tau-bench.sample.json', import.meta.url), listIn)
describeImporter(tau2, new URL('./tau2.sample.json', import.meta.url), (document) =>
  listIn((document as { simulations?: unknown }).simulations),
)
