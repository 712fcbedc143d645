// The Java peer of the end-to-end tests: the endpoints of tests/peers/README.md on the JDK's own HTTP server.
// Usage: java -Dsun.net.httpserver.nodelay=true -cp DIR Server PORT
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.concurrent.Executors;

public final class Server {
    private static final byte[] LARGE = new byte[1 << 20];

    private static void fixed(HttpExchange exchange, int status, byte[] body) throws IOException {
        boolean empty = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
        exchange.getResponseHeaders().set("Content-Type", "text/plain");
        exchange.sendResponseHeaders(status, empty ? -1 : body.length);
        if (!empty) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
        exchange.close();
    }

    private static void chunked(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            for (int i = 0; i < 3; i++) {
                out.write(("chunk-" + i + "\n").getBytes());
                out.flush();
            }
        }
    }

    // "200ms" or "1s".
    private static void pause(String text) {
        boolean milliseconds = text.endsWith("ms");
        long number = Long.parseLong(text.substring(0, text.length() - (milliseconds ? 2 : 1)));
        try {
            Thread.sleep(milliseconds ? number : number * 1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String parameter(String query, String name) {
        if (query == null) {
            return null;
        }
        return Arrays.stream(query.split("&")).filter(pair -> pair.startsWith(name + "="))
            .map(pair -> pair.substring(name.length() + 1)).findFirst().orElse(null);
    }

    private static void answer(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String[] path = (exchange.getRequestURI().getPath() + "/").split("/");
        String first = path.length > 1 ? path[1] : "";
        String query = exchange.getRequestURI().getQuery();
        String delay = first.equals("delay") ? path[2] : parameter(query, "delay");
        String status = first.equals("status") ? path[2] : parameter(query, "status");
        if (delay != null) {
            pause(delay);
        }
        if (status != null) {
            fixed(exchange, Integer.parseInt(status), (status + "\n").getBytes());
            return;
        }
        switch (first) {
            case "hello", "delay" -> fixed(exchange, 200, "hello\n".getBytes());
            case "post" -> fixed(exchange, 200, new byte[0]);
            case "echo" -> fixed(exchange, 200, body);
            case "chunked" -> chunked(exchange);
            case "large" -> fixed(exchange, 200, LARGE);
            default -> fixed(exchange, 404, "404\n".getBytes());
        }
    }

    public static void main(String[] args) throws IOException {
        Arrays.fill(LARGE, (byte) 'x');
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 128);
        server.createContext("/", Server::answer);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }
}
