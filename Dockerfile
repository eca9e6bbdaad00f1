# The service as an image: JavaScript in dist/, production dependencies, no compiler, not root. It needs DATABASE_URL:
# with NODE_ENV=production the service refuses to start a database of its own.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
# Optional packages are the pinned Node and the embedded database's programs; the image has its own Node and needs no
# such database. 440 MB become 44 MB.
RUN npm prune --omit=dev --omit=optional

FROM node:24-slim
ENV NODE_ENV=production
ENV PORT=8208
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY migrations ./migrations
USER node
EXPOSE 8208
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
