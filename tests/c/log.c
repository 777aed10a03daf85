/* The log of the library, in a callback: lines by level, replaced and switched off. */
#include "world.h"

#include <stdatomic.h>

struct heard {
    atomic_int lines;
    atomic_int most;
    atomic_int driver_lines;
    atomic_int refusals;
};

static void hear(int32_t level, const char *target, const char *message, void *user_data)
{
    struct heard *heard = user_data;
    CHECK(level >= PROTECTOR_LOG_ERROR && level <= PROTECTOR_LOG_TRACE && *message != '\0');
    atomic_fetch_add(&heard->lines, 1);
    if (level > atomic_load(&heard->most)) {
        atomic_store(&heard->most, level);
    }
    if (strcmp(target, "protector.engine.manager") == 0 && strstr(message, "Storage driver: ") == message) {
        atomic_fetch_add(&heard->driver_lines, 1);
    }
    /* against the rules, but no reason to hang */
    if (protector_log_set(NULL, NULL, 0, NULL) == PROTECTOR_STATUS_INVALID_REQUEST) {
        atomic_fetch_add(&heard->refusals, 1);
    }
}

static void open_and_close(void)
{
    protector_error *error;
    protector_engine *engine;
    OK(protector_engine_open_text(CONFIG, NULL, &engine, &error));
    protector_engine_free(engine);
}

int main(void)
{
    protector_error *error;
    static struct heard first, second;
    CHECK(protector_log_set(hear, &first, 0, &error) == PROTECTOR_STATUS_INVALID_REQUEST);
    protector_error_free(error);
    CHECK(protector_log_set(hear, &first, 6, NULL) == PROTECTOR_STATUS_INVALID_REQUEST);
    open_and_close();
    CHECK(first.lines == 0);

    OK(protector_log_set(hear, &first, PROTECTOR_LOG_INFO, &error));
    open_and_close();
    CHECK(first.driver_lines > 0 && first.most <= PROTECTOR_LOG_INFO && first.refusals == first.lines);

    OK(protector_log_set(hear, &second, PROTECTOR_LOG_WARNING, &error));
    int before = first.lines;
    open_and_close();
    CHECK(first.lines == before && second.driver_lines == 0 && second.most <= PROTECTOR_LOG_WARNING);

    OK(protector_log_set(NULL, NULL, 0, &error));
    before = second.lines;
    open_and_close();
    CHECK(second.lines == before);
    return 0;
}
