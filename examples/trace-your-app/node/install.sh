npm ci --no-audit --no-fund
