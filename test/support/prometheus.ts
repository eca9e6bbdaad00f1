// A strict reader of Prometheus' text format 0.0.4: whatever it does not understand is a fault of whoever wrote it.

export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: Sample[]
}

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[+-]?[0-9.]+(?:e[+-]?[0-9]+)?)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/gy

/** What one scrape said. */
export class Scrape {
  readonly families: ReadonlyMap<string, MetricFamily>

  constructor(text: string) {
    this.families = readFamilies(text)
  }

  /** The value of exactly one sample; `undefined` where there is none. Throws where labels fit more than one. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.#samples(name).filter((sample) =>
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
    if (found.length > 1) throw new Error(`${name} ${JSON.stringify(labels)} is ${found.length} samples`)
    return found[0]?.value
  }

  /** All values that a label has. */
  labelValues(name: string, label: string): string[] {
    return [...new Set(this.#samples(name).flatMap((sample) => sample.labels[label] ?? []))].toSorted()
  }

  #samples(name: string): readonly Sample[] {
    return [...this.families.values()].flatMap(({ samples }) => samples).filter((sample) => sample.name === name)
  }
}

/** Scrapes a service. */
export async function scrape(serviceUrl: string): Promise<Scrape> {
  const response = await fetch(`${serviceUrl}/metrics`)
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`)
  return new Scrape(await response.text())
}

function readFamilies(text: string): Map<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('The last line must end with a line feed')
  const families = new Map<string, MetricFamily>()
  let help: RegExpExecArray | null = null
  let current: MetricFamily | null = null
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const type = TYPE.exec(line)
    if (line.startsWith('# HELP')) {
      help = HELP.exec(line)
      current = null
      if (help === null) throw new Error(`No HELP line: ${line}`)
    } else if (type !== null) {
      const [, name = '', kind = ''] = type
      if (help?.[1] !== name) throw new Error(`TYPE without its HELP: ${line}`)
      if (families.has(name)) throw new Error(`${name} stands there twice`)
      current = { name, help: help[2] ?? '', type: kind, samples: [] }
      families.set(name, current)
    } else {
      if (current === null) throw new Error(`A sample outside of a family: ${line}`)
      current.samples.push(readSample(line, current))
    }
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

function readSample(line: string, family: MetricFamily): Sample {
  const match = SAMPLE.exec(line)
  if (match === null) throw new Error(`No sample: ${line}`)
  const [, name = '', labelText = '', value = ''] = match
  const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  if (!suffixes.some((suffix) => name === family.name + suffix)) throw new Error(`${name} is none of ${family.name}`)
  return { name, labels: readLabels(labelText), value: Number(value.replace('Inf', 'Infinity')) }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let read = 0
  for (const [whole, name = '', value = ''] of text.matchAll(LABEL)) {
    if (name in labels) throw new Error(`The label ${name} stands there twice: ${text}`)
    labels[name] = value
    read += whole.length
  }
  if (read !== text.length) throw new Error(`No labels: ${text}`)
  return labels
}

/** No sample twice; counters do not fall below 0 and are called `_total`; the buckets of a histogram add up to its count. */
function checkFamily({ name, type, samples }: MetricFamily): void {
  const keys = samples.map(({ name: full, labels }) =>
    [full, ...Object.entries(labels).map((label) => label.join('='))].toSorted().join(' '),
  )
  if (new Set(keys).size !== keys.length) throw new Error(`A sample of ${name} stands there twice`)
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`The counter ${name} is not called _total`)
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is negative`)
  if (type !== 'histogram') return
  for (const count of samples.filter((sample) => sample.name === `${name}_count`)) {
    const buckets = samples.filter(
      (sample) =>
        sample.name === `${name}_bucket` &&
        Object.entries(count.labels).every(([label, value]) => sample.labels[label] === value),
    )
    const falling = buckets.some((bucket, index) => bucket.value < (buckets[index - 1]?.value ?? 0))
    if (falling || buckets.at(-1)?.labels['le'] !== '+Inf' || buckets.at(-1)?.value !== count.value) {
      throw new Error(`The buckets of ${name} do not add up: ${JSON.stringify(count.labels)}`)
    }
  }
}
