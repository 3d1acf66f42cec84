// How the unit tests run: in jsdom, in one time zone.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}", "tests/unit/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    env: { TZ: "Asia/Tokyo" },
    css: false,
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});
