/** What can be the `{agent}` of a route, and the name of a file. */
export const agentNamePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/
