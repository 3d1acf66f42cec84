// How the window is built. The mode "mock" builds another page, with invented people, for pictures
// and measurements; nothing of it may reach `dist/`.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig(({ mode }) => {
  const isMock = mode === "mock";
  return {
    plugins: [react()],
    clearScreen: false,
    build: {
      target: "es2022",
      outDir: isMock ? "dist-mock" : "dist",
      // The content security policy allows no data: addresses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: isMock ? "mock.html" : "index.html" },
    },
    server: { host: "127.0.0.1", port: 5173, strictPort: true },
  };
});
