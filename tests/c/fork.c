/* An engine is refused in a child of its process: its worker threads stayed behind. The child opens one of its own. */
#include "world.h"

#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    protector_error *error;
    protector_engine *engine, *other;
    protector_run *run;
    char *out;
    OK(protector_engine_open_text(CONFIG, NULL, &engine, &error));
    OK(protector_operation_start(engine, "no-such", NULL, &run, &error));
    while (!protector_run_ended(run)) {
        CHECK(protector_run_wait(run, -1) && protector_run_next(run, &out, &error) == PROTECTOR_STATUS_OK && out == NULL);
    }
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(20);
        CHECK(protector_operation_list(engine, &out, &error) == PROTECTOR_STATUS_UNSUPPORTED && out == NULL);
        CHECK(strstr(protector_error_message(error), "forked") != NULL && protector_error_remedy(error) != NULL);
        protector_error_free(error);
        /* what is the parent's is not closed */
        protector_engine_free(engine);
        OK(protector_engine_open_text(CONFIG, NULL, &other, &error));
        OK(protector_operation_list(other, &out, &error));
        protector_string_free(out);
        protector_engine_free(other);
        /* a run does not answer here, and nothing waits for it */
        CHECK(protector_run_ended(run) && protector_run_wait(run, -1) && protector_run_fd(run) == -1);
        CHECK(protector_run_next(run, &out, NULL) == PROTECTOR_STATUS_UNSUPPORTED && out == NULL);
        CHECK(protector_run_result(run, &out, NULL) == PROTECTOR_STATUS_UNSUPPORTED && out == NULL);
        protector_run_free(run);
        _exit(0);
    }
    int ended;
    CHECK(waitpid(child, &ended, 0) == child);
    CHECK(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    /* the parent goes on */
    CHECK(protector_run_result(run, &out, NULL) == PROTECTOR_STATUS_NOT_FOUND);
    protector_run_free(run);
    OK(protector_operation_list(engine, &out, &error));
    protector_string_free(out);
    protector_engine_free(engine);
    return 0;
}
