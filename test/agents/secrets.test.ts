import { expect, test } from 'vitest'
import { resolveSecrets } from '#agents/secrets.ts'

test('secrets are put in wherever they stand, and only those of the environment', () => {
  const scope = {
    models: {
      fast: {
        base_url: 'http://${env.HOST}:${env.PORT}/v1',
        provider_opts: { list: ['${env.HOST}', 1, null] },
      },
    },
    other: '${env.MISSING} ${headers.X-User} $HOST',
  }
  expect(resolveSecrets(scope, { HOST: 'h', PORT: '1' })).toEqual({
    models: { fast: { base_url: 'http://h:1/v1', provider_opts: { list: ['h', 1, null] } } },
    other: '${env.MISSING} ${headers.X-User} $HOST',
  })
})
