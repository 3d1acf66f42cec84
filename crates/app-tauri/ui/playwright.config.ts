// How pictures are compared and scrolling is measured: in Debian's Chromium, on the mock build.
import { defineConfig } from "@playwright/test";

const PORT = 4179;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  workers: 1,
  retries: 0,
  reporter: "list",
  timeout: 60_000,
  globalTeardown: "./tests/pack.ts",
  snapshotPathTemplate: "pictures/{arg}{ext}",
  webServer: {
    command: `npx vite build --mode mock --logLevel warn && npx vite preview --mode mock --host 127.0.0.1 --port ${PORT} --strictPort`,
    url: `http://127.0.0.1:${PORT}/mock.html`,
    reuseExistingServer: false,
    timeout: 60_000,
  },
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    timezoneId: "Asia/Tokyo",
    locale: "en-GB",
    contextOptions: { reducedMotion: "reduce" },
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--font-render-hinting=none",
        "--disable-lcd-text",
        "--force-color-profile=srgb",
      ],
    },
  },
  expect: {
    timeout: 15_000,
    toHaveScreenshot: {
      animations: "disabled",
      // A colour may be off by what packing moves it (tests/pack.ts), and a few dots by more, as
      // between two versions of a browser: a word that changed has more dots than these.
      threshold: 0.02,
      maxDiffPixels: 64,
    },
  },
  projects: [
    { name: "pictures", testMatch: /pictures\.spec\.ts/ },
    { name: "scroll", testMatch: /scroll\.spec\.ts/ },
  ],
});
