import java.nio.charset.StandardCharsets;

/** A call that failed: what is wrong, and what to do. */
final class ProtectorException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The number of the status in the header, which never changes. */
    final int status;
    final String code;
    /** What to do; null if nothing is known to help. */
    final String remedy;
    /** Whether the same call may succeed later. */
    final boolean retryable;

    /** As the library says it, in UTF-8. */
    ProtectorException(int status, byte[] code, byte[] message, byte[] remedy, boolean retryable) {
        super(new String(message, StandardCharsets.UTF_8));
        this.status = status;
        this.code = new String(code, StandardCharsets.UTF_8);
        this.remedy = remedy == null ? null : new String(remedy, StandardCharsets.UTF_8);
        this.retryable = retryable;
    }
}
