import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The drill of {@code examples/c/drill.c} in Java: protect a server, replicate it, rehearse the failover, and say how it went.
 *
 * <pre>
 * javac -d classes *.java
 * cc -shared -fPIC protector_jni.c -o libprotector_jni.so -I$JAVA_HOME/include -I$JAVA_HOME/include/linux \
 *     $(pkg-config --cflags --libs protector)
 * java -Djava.library.path=. -cp classes Drill
 * </pre>
 */
final class Drill {
    private static final String CONFIGURATION = """
            [engine]
            storage_driver = mock
            mock_clock = virtual
            cloud_driver = mock
            local_site = site-a
            [database]
            connection = sqlite://
            """;

    private final Protector engine;

    private Drill(Protector engine) {
        this.engine = engine;
    }

    public static void main(String[] arguments) {
        try (Protector engine = Protector.open(CONFIGURATION, null)) {
            Drill drill = new Drill(engine);
            drill.protect();
            drill.operate("{\"operation\":\"sync\"}");
            drill.operate("{\"operation\":\"test_failover\","
                    + "\"mappings\":{\"networks\":{\"net-primary-web\":\"net-secondary-web\"}}}");
            drill.operate("{\"operation\":\"test_cleanup\"}");
        } catch (ProtectorException failed) {
            System.err.printf("[%s] %s (%s)%n", failed.code, failed.getMessage(), failed.remedy);
            System.exit(1);
        }
    }

    private void protect() {
        engine.protectionGroupCreate("""
                {"name": "web", "replication_type": "async", "primary_site": "site-a", "secondary_site": "site-b",
                 "volume_type": "replicated-ssd"}""");
        engine.policyCreate("web", "{\"replication_interval\":300,\"rpo_minutes\":15}");
        String server = member(engine.mockServers("site-a"), "id");
        engine.memberAdd("web", "{\"instance_id\":\"" + server + "\"}");
    }

    /** Plans, accepts and runs one operation. */
    private void operate(String request) {
        String accepted = engine.accept(engine.plan("web", request));
        String id = member(accepted, "id");
        String done = engine.run(id, event ->
                System.err.println(member(event, "title") + ": " + member(event, "state")));
        String report = Protector.reportText(engine.report(id));
        System.out.printf("%s: %s, report of %d characters%n",
                member(done, "operation_type"), member(done, "status"), report.getBytes().length);
    }

    /** The first member of that name that is plain text; a program of any size reads JSON by a library. */
    private static String member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"([^\"\\\\]*)\"").matcher(json);
        return found.find() ? found.group(1) : "";
    }
}
