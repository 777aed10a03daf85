/* An operation in the background: its events by poll, its result afterwards, and one that nobody waits for. */
#include "world.h"

#include <poll.h>
#include <time.h>

static protector_error *error;

static bool readable(const protector_run *run, int timeout_ms)
{
    struct pollfd waited = {.fd = protector_run_fd(run), .events = POLLIN};
    CHECK(waited.fd >= 0);
    int ready = poll(&waited, 1, timeout_ms);
    CHECK(ready >= 0);
    return ready == 1 && (waited.revents & POLLIN) != 0;
}

/* Takes what is there; how far it came. */
static long take(const protector_run *run, long progress)
{
    char *event;
    for (;;) {
        OK(protector_run_next(run, &event, &error));
        if (event == NULL) {
            return progress;
        }
        char *now = json_member(event, "progress");
        CHECK(now != NULL && strtol(now, NULL, 10) >= progress);
        progress = strtol(now, NULL, 10);
        free(now);
        protector_string_free(event);
    }
}

static void check_status(char *operation, const char *wanted)
{
    char *status = json_text(operation, "status");
    CHECK_TEXT(status, wanted);
    free(status);
    protector_string_free(operation);
}

static void by_poll(const protector_engine *engine, const char *request)
{
    protector_run *run;
    char *result, *again;
    long progress = 0;
    char *id = accept(engine, request);
    OK(protector_operation_start(engine, id, NULL, &run, &error));
    CHECK(protector_run_fd(run) == protector_run_fd(run));
    while (!protector_run_ended(run)) {
        CHECK(readable(run, 30000));
        progress = take(run, progress);
    }
    CHECK(progress == 100);
    /* the end stays to be seen */
    CHECK(readable(run, 0) && protector_run_wait(run, 0) && take(run, 0) == 0);
    OK(protector_run_result(run, &result, &error));
    OK(protector_run_result(run, &again, &error));
    CHECK_TEXT(again, result);
    protector_string_free(again);
    check_status(result, "completed");
    protector_run_free(run);
    free(id);
}

/* The same without a descriptor, and with an error at the end. */
static void by_waiting(const protector_engine *engine)
{
    protector_run *run;
    char *result;
    OK(protector_operation_start(engine, "no-such", NULL, &run, &error));
    while (!protector_run_ended(run)) {
        CHECK(protector_run_wait(run, -1));
        take(run, 0);
    }
    CHECK(protector_run_result(run, &result, &error) == PROTECTOR_STATUS_NOT_FOUND && result == NULL);
    CHECK(strstr(protector_error_message(error), "no-such") != NULL);
    protector_error_free(error);
    protector_run_free(run);
}

/* Freed at once: it stops by itself, and whoever runs it next brings it to its end. */
static void left_alone(const protector_engine *engine)
{
    protector_run *run;
    protector_cancel *cancel;
    char *result;
    char *id = accept(engine, "{\"operation\":\"failback\"}");
    OK(protector_cancel_new(&cancel, &error));
    OK(protector_operation_start(engine, id, cancel, &run, &error));
    protector_run_free(run);
    protector_cancel_free(cancel);
    protector_status status = PROTECTOR_STATUS_CONFLICT;
    for (int i = 0; status == PROTECTOR_STATUS_CONFLICT && i < 1000; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
        status = protector_operation_run(engine, id, NULL, NULL, NULL, &result, NULL);
    }
    CHECK(status == PROTECTOR_STATUS_OK);
    check_status(result, "completed");
    free(id);
}

static void nothing_at_all(const protector_engine *engine)
{
    protector_run *run;
    char *event;
    CHECK(protector_run_fd(NULL) == -1 && protector_run_wait(NULL, -1) && protector_run_ended(NULL));
    protector_run_free(NULL);
    CHECK(protector_run_next(NULL, &event, NULL) == PROTECTOR_STATUS_NULL_ARGUMENT && event == NULL);
    CHECK(protector_run_result(NULL, &event, NULL) == PROTECTOR_STATUS_NULL_ARGUMENT);
    CHECK(protector_operation_start(engine, NULL, NULL, &run, NULL) == PROTECTOR_STATUS_NULL_ARGUMENT && run == NULL);
    CHECK(protector_site_failover_start(engine, "{", false, NULL, &run, NULL) == PROTECTOR_STATUS_INVALID_REQUEST);
    CHECK(protector_operation_abort_start(NULL, "x", NULL, NULL, &run, NULL) == PROTECTOR_STATUS_NULL_ARGUMENT);
    CHECK(protector_operation_takeover_start(engine, "x", NULL, NULL, NULL) == PROTECTOR_STATUS_NULL_ARGUMENT);
}

int main(void)
{
    protector_engine *engine;
    OK(protector_engine_open_text(CONFIG, NULL, &engine, &error));
    protect(engine);
    by_poll(engine, "{\"operation\":\"sync\"}");
    by_poll(engine, FAILOVER);
    by_waiting(engine);
    left_alone(engine);
    nothing_at_all(engine);
    protector_engine_free(engine);
    return 0;
}
