/* An operation that is asked to stop half-way, from its own progress callback, and is continued later. */
#include "world.h"

static void stop_at_first_step(const char *event_json, void *user_data)
{
    char *state = json_text(event_json, "state"), *step = json_member(event_json, "step");
    if (state != NULL && strcmp(state, "done") == 0 && step != NULL && *step == '"') {
        protector_cancel_request(user_data);
    }
    free(step);
    free(state);
}

int main(void)
{
    protector_error *error;
    protector_engine *engine;
    protector_cancel *cancel;
    char *done, *status;
    OK(protector_engine_open_text(CONFIG, "site-a", &engine, &error));
    protect(engine);
    OK(protector_cancel_new(&cancel, &error));

    char *id = accept(engine, "{\"operation\":\"sync\"}");
    protector_cancel_request(cancel);
    CHECK(protector_operation_run(engine, id, NULL, NULL, cancel, &done, &error) == PROTECTOR_STATUS_CANCELLED);
    CHECK(done == NULL);
    CHECK_TEXT(protector_error_code(error), "cancelled");
    protector_error_free(error);
    protector_cancel_free(cancel);
    OK(protector_operation_run(engine, id, NULL, NULL, NULL, &done, &error));
    protector_string_free(done);
    free(id);

    /* the engine works ahead of its listener, so the request may come when all is done */
    OK(protector_cancel_new(&cancel, &error));
    id = accept(engine, FAILOVER);
    protector_status first = protector_operation_run(engine, id, stop_at_first_step, cancel, cancel, &done, &error);
    CHECK(first == PROTECTOR_STATUS_CANCELLED || first == PROTECTOR_STATUS_OK);
    protector_error_free(error);
    protector_string_free(done);
    OK(protector_operation_run(engine, id, NULL, NULL, NULL, &done, &error));
    CHECK_TEXT(status = json_text(done, "status"), "completed");
    free(status);
    protector_string_free(done);
    free(id);

    protector_cancel_free(cancel);
    protector_engine_free(engine);
    return 0;
}
