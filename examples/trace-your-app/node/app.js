// A service without a word of tracing: it asks the service at BACK, or answers itself; /broken fails.
const http = require('node:http')

const { BACK, PORT } = process.env

async function answer (path) {
  if (!BACK) return path === '/broken' ? 500 : 200
  const response = await fetch(BACK + path)
  await response.arrayBuffer()
  return response.status
}

http.createServer(async (request, response) => {
  response.writeHead(await answer(request.url)).end()
}).listen(Number(PORT ?? 8080), '127.0.0.1')
