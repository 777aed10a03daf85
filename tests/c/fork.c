/* A child of a process that has used an engine is refused: the worker threads stayed behind, it would wait for ever. */
#define _POSIX_C_SOURCE 200809L
#include "world.h"

#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    protector_error *error;
    protector_engine *engine, *other;
    char *out;
    OK(protector_engine_open_text(CONFIG, NULL, &engine, &error));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(20);
        CHECK(protector_operation_list(engine, &out, &error) == PROTECTOR_STATUS_UNSUPPORTED && out == NULL);
        CHECK(strstr(protector_error_message(error), "forked") != NULL && protector_error_remedy(error) != NULL);
        CHECK(protector_engine_open_text(CONFIG, NULL, &other, NULL) == PROTECTOR_STATUS_UNSUPPORTED);
        _exit(0);
    }
    int ended;
    CHECK(waitpid(child, &ended, 0) == child);
    CHECK(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    /* the parent goes on */
    OK(protector_operation_list(engine, &out, &error));
    protector_string_free(out);
    protector_engine_free(engine);
    return 0;
}
