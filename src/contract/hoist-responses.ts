type Responses = Record<string, Record<string, unknown>>
type Document = {
  components?: { responses?: object; headers?: object }
  paths?: object
}

/**
 * Moves each response that has an `x-component` name to `components.responses` and leaves a
 * reference. The generator knows components for schemas and parameters only.
 */
export function hoistResponses<Given extends Document>(document: Given): Given {
  const named: Responses = {}
  const paths = Object.fromEntries(
    Object.entries(document.paths ?? {}).map(([path, methods]: [string, Responses]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, operation]) => [
          method,
          { ...operation, responses: hoist(operation.responses as Responses, named) },
        ]),
      ),
    ]),
  )
  const responses = { ...document.components?.responses, ...named }
  return { ...document, components: { ...document.components, responses }, paths }
}

/** Leaves out the components of a kind that nothing refers to. */
export function dropUnused<Given extends Document>(
  document: Given,
  kind: 'responses' | 'headers',
): Given {
  const text = JSON.stringify(document)
  const used = Object.entries(document.components?.[kind] ?? {}).filter(([name]) =>
    text.includes(`"#/components/${kind}/${name}"`),
  )
  return {
    ...document,
    components: { ...document.components, [kind]: Object.fromEntries(used) },
  }
}

function hoist(responses: Responses, named: Responses): Responses {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { 'x-component': name, ...response }]) => {
      if (typeof name !== 'string') return [status, response]
      const known = named[name]
      if (known && JSON.stringify(known) !== JSON.stringify(response)) {
        throw new Error(`Two responses are called ${name}: give one of them another name`)
      }
      named[name] = response
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )
}
