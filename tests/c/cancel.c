/* An operation that is asked to stop half-way, from its own progress callback, and is continued later; one that is given up. */
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

static void hear(const char *event_json, void *user_data)
{
    char *state = json_text(event_json, "state");
    if (state != NULL && strcmp(state, "cancelled") == 0) {
        *(bool *)user_data = true;
    }
    free(state);
}

/* Nobody runs it: there is nothing to stop, and an abort is done here. Once it has ended there is nothing to give up. */
static void give_up(const protector_engine *engine)
{
    protector_error *error;
    char *shown, *value;
    bool heard = false;
    char *id = accept(engine, FAILOVER);
    CHECK(protector_operation_cancel(engine, id, "{\"reason\":\"no\"}", &shown, &error) == PROTECTOR_STATUS_PRECONDITION);
    CHECK(strstr(protector_error_message(error), "stands still already") != NULL);
    protector_error_free(error);
    OK(protector_operation_abort(engine, id, "{\"reason\":\"wrong night\",\"by\":\"night shift\"}", hear, &heard, NULL, &shown, &error));
    CHECK_TEXT(value = json_text(shown, "status"), "cancelled");
    free(value);
    CHECK(heard && strstr(shown, "wrong night") != NULL && strstr(shown, "night shift") != NULL);
    protector_string_free(shown);
    OK(protector_operation_abort(engine, id, NULL, NULL, NULL, NULL, &shown, &error));
    protector_string_free(shown);
    CHECK(protector_operation_cancel(engine, id, NULL, &shown, &error) == PROTECTOR_STATUS_PRECONDITION);
    CHECK(strstr(protector_error_message(error), "has ended") != NULL);
    protector_error_free(error);
    free(id);
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

    give_up(engine);

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
