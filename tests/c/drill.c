/*
 * The drill of the documents on the simulated world: protect a server, replicate, rehearse, fail over, fail back.
 * Prints operation, plan hash and status, one operation per line.
 */
#include "world.h"

static const char *const DRILL[] = {
    "{\"operation\":\"sync\"}",
    "{\"operation\":\"test_failover\",\"retain_primary\":true,"
    "\"mappings\":{\"networks\":{\"net-primary-web\":\"net-secondary-web\"}}}",
    "{\"operation\":\"test_cleanup\"}",
    NULL, /* FAILOVER, with a listener */
    "{\"operation\":\"failback\"}",
};

struct heard {
    int events;
    long progress;
    int steps_done;
};

/* Set in the thread that runs the operations; callbacks must come there. */
static _Thread_local int running_thread;

static void listen(const char *event_json, void *user_data)
{
    struct heard *heard = user_data;
    CHECK(running_thread);
    char *progress = json_member(event_json, "progress"), *title = json_text(event_json, "title");
    char *state = json_text(event_json, "state"), *step = json_member(event_json, "step");
    CHECK(progress != NULL && title != NULL && state != NULL && step != NULL);
    long now = strtol(progress, NULL, 10);
    CHECK(now >= heard->progress && now <= 100);
    heard->progress = now;
    heard->events++;
    heard->steps_done += strcmp(state, "done") == 0 && *step == '"';
    fprintf(stderr, "%3ld %% %s %s\n", now, state, title);
    free(step);
    free(state);
    free(title);
    free(progress);
}

/* Runs one operation and prints how it ended. */
static int operate(const protector_engine *engine, const char *request, protector_progress_fn progress, void *heard)
{
    protector_error *error;
    char *done, *id = accept(engine, request);
    OK(protector_operation_run(engine, id, progress, heard, NULL, &done, &error));
    char *type = json_text(done, "operation_type"), *hash = json_text(done, "plan_hash");
    char *status = json_text(done, "status"), *percent = json_member(done, "progress");
    CHECK(type != NULL && hash != NULL && status != NULL);
    printf("%s %s %s\n", type, hash, status);
    int completed = strcmp(status, "completed") == 0;
    if (completed) {
        CHECK_TEXT(percent, "100");
    } else {
        fprintf(stderr, "%s\n", done);
    }
    free(percent);
    free(status);
    free(hash);
    free(type);
    protector_string_free(done);
    free(id);
    return completed;
}

/* What the group looks like after it came home. */
static void look(const protector_engine *engine)
{
    protector_error *error;
    char *text, *value, *id;
    OK(protector_protection_group_show(engine, GROUP, &text, &error));
    CHECK_TEXT(value = json_text(text, "current_primary_site"), "site-a");
    free(value);
    CHECK_TEXT(value = json_text(text, "status"), "active");
    free(value);
    protector_string_free(text);

    OK(protector_protection_group_list(engine, &text, &error));
    CHECK((value = json_element(text, 0)) != NULL && json_element(text, 1) == NULL);
    free(value);
    protector_string_free(text);

    OK(protector_consistency_group_show(engine, GROUP, &text, &error));
    CHECK_TEXT(value = json_member(text, "volume_count"), "2");
    free(value);
    protector_string_free(text);

    OK(protector_consistency_group_volumes(engine, GROUP, &text, &error));
    CHECK((value = json_element(text, 1)) != NULL && json_element(text, 2) == NULL);
    free(value);
    protector_string_free(text);

    OK(protector_operation_list(engine, &text, &error));
    CHECK((value = json_element(text, 4)) != NULL && json_element(text, 5) == NULL);
    id = json_text(value, "id");
    free(value);
    protector_string_free(text);
    OK(protector_operation_show(engine, id, &text, &error));
    CHECK_TEXT(value = json_text(text, "id"), id);
    free(value);
    free(id);
    protector_string_free(text);
}

/* The other site knows the group too, and may outlive the engine it was asked from. */
static void look_from_the_other_site(protector_engine *engine)
{
    protector_error *error;
    protector_engine *sibling;
    char *text, *name;
    OK(protector_engine_at(engine, "site-b", &sibling, &error));
    protector_engine_free(engine);
    OK(protector_engine_site(sibling, &name, &error));
    CHECK_TEXT(name, "site-b");
    protector_string_free(name);
    OK(protector_protection_group_show(sibling, GROUP, &text, &error));
    CHECK_TEXT(name = json_text(text, "name"), GROUP);
    free(name);
    protector_string_free(text);
    protector_engine_free(sibling);
}

int main(void)
{
    running_thread = 1;
    CHECK(protector_abi_version() == PROTECTOR_ABI_VERSION);
    CHECK_TEXT(protector_version(), PROTECTOR_VERSION);

    protector_error *error;
    protector_engine *engine;
    OK(protector_engine_open_text(CONFIG, NULL, &engine, &error));
    protect(engine);

    int completed = 1;
    for (size_t i = 0; completed && i < sizeof DRILL / sizeof *DRILL; i++) {
        if (DRILL[i] != NULL) {
            completed = operate(engine, DRILL[i], NULL, NULL);
            continue;
        }
        struct heard heard = {0, 0, 0};
        completed = operate(engine, FAILOVER, listen, &heard);
        CHECK(heard.progress == 100 && heard.steps_done > 5 && heard.events > heard.steps_done);
    }
    if (completed) {
        look(engine);
    }
    look_from_the_other_site(engine);
    return completed ? 0 : 1;
}
