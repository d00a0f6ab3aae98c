// SPDX-License-Identifier: Apache-2.0
//
// The page is compiled into the daemon and served under `default-src 'self'`:
// nothing may be inlined as a data: URI, and no script may stand in the HTML.
import { defineConfig, loadEnv } from 'vite';

export default defineConfig(({ mode }) => ({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/app-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: {
    fs: { allow: ['..'] }, // docs/sending.md, whose examples the page shows
    proxy: { '/api': loadEnv(mode, '.', 'TRAVERSION_')['TRAVERSION_URL'] ?? 'http://127.0.0.1:3335' },
  },
}));
