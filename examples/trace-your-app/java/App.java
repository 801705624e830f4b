import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** A service without a word of tracing: it asks the service at BACK, or answers itself; /broken fails. */
public class App {
    static final String BACK = System.getenv("BACK");
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] args) throws IOException {
        var address = new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv().getOrDefault("PORT", "8080")));
        var server = HttpServer.create(address, 0);
        server.createContext("/", App::answer);
        server.start();
    }

    static void answer(HttpExchange exchange) throws IOException {
        var path = exchange.getRequestURI().getPath();
        exchange.sendResponseHeaders(BACK == null ? status(path) : ask(path), -1);
        exchange.close();
    }

    static int status(String path) {
        return path.equals("/broken") ? 500 : 200;
    }

    static int ask(String path) throws IOException {
        try {
            return CLIENT.send(HttpRequest.newBuilder(URI.create(BACK + path)).build(), BodyHandlers.discarding()).statusCode();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
