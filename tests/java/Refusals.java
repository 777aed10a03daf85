/** What goes wrong comes to Java as an exception that says what to do, and loses nothing. */
final class Refusals {
    private static final String CONFIGURATION = """
            [engine]
            storage_driver = mock
            mock_clock = virtual
            cloud_driver = mock
            local_site = site-a
            [database]
            connection = sqlite://
            """;

    public static void main(String[] arguments) {
        try (Protector engine = Protector.open(CONFIGURATION, null)) {
            textOfAnyKindComesBackAsItWas(engine);
            whatIsMissingIsNamed(engine);
            aListenerThatThrowsStopsTheOperationAndTheNextRunEndsIt(engine);
        }
        String tape = CONFIGURATION.replace("storage_driver = mock", "storage_driver = tape");
        ProtectorException refused = refused(() -> Protector.open(tape, null));
        check(refused.getMessage().contains("= tape") && refused.code.equals("invalid_configuration"), refused.getMessage());
    }

    private static void textOfAnyKindComesBackAsItWas(Protector engine) {
        ProtectorException refused = refused(() -> engine.plan("gruppe-\u00e4\ud83d\ude00", "{\"operation\":\"sync\"}"));
        check(refused.code.equals("not_found"), refused.code);
        check(refused.getMessage().contains("gruppe-\u00e4\ud83d\ude00"), refused.getMessage());
    }

    private static void whatIsMissingIsNamed(Protector engine) {
        ProtectorException refused = refused(() -> engine.policyCreate("web", null));
        check(refused.getMessage().contains("'request_json'"), refused.getMessage());
        check(!refused.retryable && refused.status > 0, "status " + refused.status);
    }

    private static void aListenerThatThrowsStopsTheOperationAndTheNextRunEndsIt(Protector engine) {
        engine.protectionGroupCreate("""
                {"name": "web", "replication_type": "async", "primary_site": "site-a", "secondary_site": "site-b",
                 "volume_type": "replicated-ssd"}""");
        engine.policyCreate("web", "{\"replication_interval\":300,\"rpo_minutes\":15}");
        String server = engine.mockServers("site-a").replaceFirst("(?s).*?\"id\":\"([^\"]*)\".*", "$1");
        engine.memberAdd("web", "{\"instance_id\":\"" + server + "\"}");
        String id = engine.accept(engine.plan("web", "{\"operation\":\"sync\"}"))
                .replaceFirst("(?s).*?\"id\":\"([^\"]*)\".*", "$1");
        IllegalStateException own = new IllegalStateException("the screen is gone");
        try {
            engine.run(id, event -> {
                throw own;
            });
            throw new AssertionError("nothing was thrown");
        } catch (IllegalStateException thrown) {
            check(thrown == own, "another exception: " + thrown);
        }
        String done = engine.run(id, null);
        check(done.contains("\"status\":\"completed\""), done);
    }

    private static ProtectorException refused(Runnable call) {
        try {
            call.run();
        } catch (ProtectorException refused) {
            return refused;
        }
        throw new AssertionError("not refused");
    }

    private static void check(boolean holds, String seen) {
        if (!holds) {
            throw new AssertionError(seen);
        }
    }
}
