import { expect, test } from 'vitest'
import { KeyScope } from '#contract/access.ts'
import { dialects } from '../../src/dialects.ts'
import { startApp } from '../support/app.ts'

const routes = dialects.flatMap((dialect) =>
  dialect.routes.map((route) => ({
    dialect,
    route,
    path: (route.atRoot ? '' : dialect.mount) + route.path,
  })),
)

test('every route of a dialect says what its caller must be allowed to do', () => {
  const known = new Set<string>([...KeyScope.options, 'public'])
  const without = routes.filter(({ route }) => !known.has(route.scope))
  expect(without.map(({ path }) => path)).toEqual([])
})

test('without a key no route of a dialect answers but the public ones', async () => {
  const app = await startApp({ flags: ['--http-token', 'the-operators-own-key'] })
  for (const { route, path } of routes) {
    const place = `${app.url}${path.replaceAll(/:\w+/g, 'x')}`
    const response = await fetch(place, { method: route.method.toUpperCase() })
    await response.body?.cancel()
    expect([path, response.status === 401]).toEqual([path, route.scope !== 'public'])
    if (response.status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
  }
})
