import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** In front of a server on its usual port, so that no other origin is involved. */
export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
})
