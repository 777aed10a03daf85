import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** An engine of libprotector. What it takes and gives is JSON, as the header of the library says; any thread may call it. */
final class Protector implements AutoCloseable {
    static {
        System.loadLibrary("protector_jni");
    }

    private long engine;

    private Protector(long engine) {
        this.engine = engine;
    }

    /** Opens the engine of a site; {@code site} null: the one that the configuration names. */
    static Protector open(String configuration, String site) {
        return new Protector(openText(bytes(configuration), bytes(site)));
    }

    String mockServers(String site) {
        return text(mockServers(engine(), bytes(site)));
    }

    String protectionGroupCreate(String request) {
        return text(protectionGroupCreate(engine(), bytes(request)));
    }

    String policyCreate(String group, String request) {
        return text(policyCreate(engine(), bytes(group), bytes(request)));
    }

    String memberAdd(String group, String request) {
        return text(memberAdd(engine(), bytes(group), bytes(request)));
    }

    String plan(String group, String request) {
        return text(operationPlan(engine(), bytes(group), bytes(request)));
    }

    String accept(String plan) {
        return text(operationAccept(engine(), bytes(plan)));
    }

    /**
     * Runs an operation to its end. Events come on this thread; what {@code listener} throws stops the operation at the next
     * safe place and is thrown here then: running it again continues it.
     */
    String run(String operation, Consumer<String> listener) {
        Consumer<byte[]> heard = listener == null ? null : event -> listener.accept(text(event));
        return text(operationRun(engine(), bytes(operation), heard));
    }

    String report(String operation) {
        return text(operationReport(engine(), bytes(operation)));
    }

    static String reportText(String report) {
        return text(reportText(bytes(report)));
    }

    /** Frees the engine; no call may be under way. */
    @Override
    public void close() {
        long ours = engine;
        engine = 0;
        free(ours);
    }

    private long engine() {
        if (engine == 0) {
            throw new IllegalStateException("the engine was closed");
        }
        return engine;
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static native long openText(byte[] configuration, byte[] site);

    private static native void free(long engine);

    private static native byte[] mockServers(long engine, byte[] site);

    private static native byte[] protectionGroupCreate(long engine, byte[] request);

    private static native byte[] policyCreate(long engine, byte[] group, byte[] request);

    private static native byte[] memberAdd(long engine, byte[] group, byte[] request);

    private static native byte[] operationPlan(long engine, byte[] group, byte[] request);

    private static native byte[] operationAccept(long engine, byte[] plan);

    private static native byte[] operationRun(long engine, byte[] operation, Consumer<byte[]> listener);

    private static native byte[] operationReport(long engine, byte[] operation);

    private static native byte[] reportText(byte[] report);
}
