node --require @opentelemetry/auto-instrumentations-node/register app.js
