/* Every refusal has its number, its text, and no result. */
#include "world.h"

static protector_error *error;
static char *out;

/* `call`, which writes to `out` and `error`, must give this status and a message that holds this text. */
#define REFUSED(call, wanted, text)                                                      \
    do {                                                                                 \
        out = (char *)"left over";                                                       \
        CHECK((call) == (wanted));                                                       \
        CHECK(out == NULL);                                                              \
        CHECK(error != NULL && protector_error_status(error) == (wanted));               \
        CHECK_TEXT(protector_error_code(error), protector_status_name(wanted));          \
        if (strstr(protector_error_message(error), (text)) == NULL) {                    \
            fprintf(stderr, "%s:%d: no '%s' in: %s\n", __FILE__, __LINE__, (text),       \
                    protector_error_message(error));                                     \
            exit(1);                                                                     \
        }                                                                                \
        protector_error_free(error);                                                     \
    } while (0)

static const protector_status NULL_ARGUMENT = PROTECTOR_STATUS_NULL_ARGUMENT;

static void null_arguments(const protector_engine *engine)
{
    protector_engine *other = NULL;
    REFUSED(protector_protection_group_list(NULL, &out, &error), NULL_ARGUMENT, "'engine'");
    REFUSED(protector_protection_group_show(engine, NULL, &out, &error), NULL_ARGUMENT, "'group'");
    REFUSED(protector_protection_group_create(engine, NULL, &out, &error), NULL_ARGUMENT, "'request_json'");
    REFUSED(protector_policy_create(engine, NULL, POLICY, &out, &error), NULL_ARGUMENT, "'group'");
    REFUSED(protector_member_add(engine, GROUP, NULL, &out, &error), NULL_ARGUMENT, "'request_json'");
    REFUSED(protector_consistency_group_show(NULL, GROUP, &out, &error), NULL_ARGUMENT, "'engine'");
    REFUSED(protector_consistency_group_volumes(engine, NULL, &out, &error), NULL_ARGUMENT, "'group'");
    REFUSED(protector_operation_plan(engine, GROUP, NULL, &out, &error), NULL_ARGUMENT, "'request_json'");
    REFUSED(protector_operation_accept(engine, NULL, &out, &error), NULL_ARGUMENT, "'plan_json'");
    REFUSED(protector_operation_run(engine, NULL, NULL, NULL, NULL, &out, &error), NULL_ARGUMENT, "'operation_id'");
    REFUSED(protector_operation_cancel(engine, NULL, NULL, &out, &error), NULL_ARGUMENT, "'operation_id'");
    REFUSED(protector_operation_abort(engine, NULL, NULL, NULL, NULL, NULL, &out, &error), NULL_ARGUMENT,
            "'operation_id'");
    REFUSED(protector_operation_show(engine, NULL, &out, &error), NULL_ARGUMENT, "'operation_id'");
    REFUSED(protector_operation_list(NULL, &out, &error), NULL_ARGUMENT, "'engine'");
    REFUSED(protector_engine_mock_servers(NULL, NULL, &out, &error), NULL_ARGUMENT, "'engine'");
    REFUSED(protector_engine_site(NULL, &out, &error), NULL_ARGUMENT, "'engine'");
    REFUSED(protector_plan(NULL, "{}", &out, &error), NULL_ARGUMENT, "'facts_json'");

    CHECK(protector_engine_open_text(NULL, NULL, &other, NULL) == NULL_ARGUMENT && other == NULL);
    CHECK(protector_engine_at(engine, NULL, &other, NULL) == NULL_ARGUMENT && other == NULL);
    /* no place for the result */
    CHECK(protector_engine_open_text(CONFIG, NULL, NULL, NULL) == NULL_ARGUMENT);
    CHECK(protector_operation_list(engine, NULL, &error) == NULL_ARGUMENT);
    CHECK(strstr(protector_error_message(error), "'operations_json'") != NULL);
    protector_error_free(error);
    CHECK(protector_cancel_new(NULL, NULL) == NULL_ARGUMENT);
}

static void freeing_and_asking_nothing(void)
{
    protector_error_free(NULL);
    protector_string_free(NULL);
    protector_engine_free(NULL);
    protector_cancel_free(NULL);
    protector_cancel_request(NULL);
    CHECK(protector_error_status(NULL) == PROTECTOR_STATUS_OK);
    CHECK(protector_error_code(NULL) == NULL && protector_error_message(NULL) == NULL);
    CHECK(protector_error_remedy(NULL) == NULL && !protector_error_retryable(NULL));
    CHECK_TEXT(protector_status_name(PROTECTOR_STATUS_OK), "ok");
    CHECK_TEXT(protector_status_name(PROTECTOR_STATUS_PLAN_BLOCKED), "plan_blocked");
    CHECK(protector_status_name(99) == NULL && protector_status_name(-1) == NULL);
}

static void bad_configuration(void)
{
    protector_engine *engine = NULL;
    CHECK(protector_engine_open_text("[engine]\nstorage_driver = rock\ncloud_driver = mock\n", NULL, &engine, &error)
          == PROTECTOR_STATUS_INVALID_CONFIGURATION);
    CHECK(engine == NULL && strstr(protector_error_message(error), "<text>:2") != NULL);
    protector_error_free(error);
    CHECK(protector_engine_open_text(CONFIG, "site-z", &engine, &error) == PROTECTOR_STATUS_NOT_FOUND);
    CHECK(engine == NULL && protector_error_remedy(error) != NULL);
    protector_error_free(error);
    CHECK(protector_engine_open("/nonexistent/protector.conf", NULL, &engine, &error) == PROTECTOR_STATUS_STORAGE);
    CHECK(engine == NULL && strstr(protector_error_message(error), "/nonexistent/protector.conf") != NULL);
    protector_error_free(error);
    REFUSED(protector_db_sync("/nonexistent/x.conf", &out, &error), PROTECTOR_STATUS_STORAGE, "/nonexistent/x.conf");
    REFUSED(protector_mock_seed("/nonexistent/x.conf", 0, 0, &out, &error), PROTECTOR_STATUS_STORAGE, "x.conf");
}

static void bad_requests(const protector_engine *engine)
{
    char *group;
    REFUSED(protector_protection_group_show(engine, "web\xff", &out, &error), PROTECTOR_STATUS_INVALID_UTF8,
            "argument 'group' is not UTF-8: the byte at offset 3");
    REFUSED(protector_protection_group_show(engine, "nobody", &out, &error), PROTECTOR_STATUS_NOT_FOUND,
            "protection group 'nobody' does not exist");
    REFUSED(protector_protection_group_create(engine, "{\"name\":", &out, &error), PROTECTOR_STATUS_INVALID_REQUEST,
            "request_json: not the expected JSON");
    REFUSED(protector_protection_group_create(engine, "{\"name\":\"x\",\"colour\":1}", &out, &error),
            PROTECTOR_STATUS_INVALID_REQUEST, "colour");
    REFUSED(protector_operation_show(engine, "no-such", &out, &error), PROTECTOR_STATUS_NOT_FOUND, "no-such");
    REFUSED(protector_operation_run(engine, "no-such", NULL, NULL, NULL, &out, &error), PROTECTOR_STATUS_NOT_FOUND,
            "no-such");
    REFUSED(protector_engine_mock_servers(engine, "site-z", &out, &error), PROTECTOR_STATUS_NOT_FOUND, "site-z");

    OK(protector_protection_group_create(engine, CREATE, &group, &error));
    protector_string_free(group);
    REFUSED(protector_protection_group_create(engine, CREATE, &out, &error), PROTECTOR_STATUS_ALREADY_EXISTS, GROUP);
    REFUSED(protector_policy_create(engine, GROUP, "{\"replication_interval\":3600,\"rpo_minutes\":15}", &out, &error),
            PROTECTOR_STATUS_INVALID_REQUEST, "3600");
    REFUSED(protector_member_add(engine, GROUP, "{\"instance_id\":\"no-such\"}", &out, &error),
            PROTECTOR_STATUS_NOT_FOUND, "no-such");
    REFUSED(protector_operation_plan(engine, GROUP, "{\"operation\":\"failover\",\"force\":true}", &out, &error),
            PROTECTOR_STATUS_INVALID_REQUEST, "a planned failover is never forced");
    REFUSED(protector_plan("{}", "{\"operation\":\"sync\"}", &out, &error), PROTECTOR_STATUS_INVALID_REQUEST, "facts");
}

/* A plan with blockers is a result; to accept it is refused, and so is a plan that somebody edited. */
static void bad_plans(const protector_engine *engine)
{
    char *plan, *operations, *name;
    OK(protector_operation_plan(engine, GROUP, "{\"operation\":\"failover\"}", &plan, &error));
    CHECK(strstr(plan, "\"severity\":\"blocker\"") != NULL);
    REFUSED(protector_operation_accept(engine, plan, &out, &error), PROTECTOR_STATUS_PLAN_BLOCKED, "is blocked");
    name = strstr(plan, "\"group_name\":\"" GROUP);
    CHECK(name != NULL);
    name[strlen("\"group_name\":\"")] = 'x';
    REFUSED(protector_operation_accept(engine, plan, &out, &error), PROTECTOR_STATUS_CONFLICT, "was changed");
    protector_string_free(plan);
    OK(protector_operation_list(engine, &operations, &error));
    CHECK_TEXT(operations, "[]");
    protector_string_free(operations);
}

int main(void)
{
    freeing_and_asking_nothing();
    bad_configuration();
    protector_engine *engine;
    OK(protector_engine_open_text(CONFIG, NULL, &engine, &error));
    null_arguments(engine);
    bad_requests(engine);
    bad_plans(engine);
    protector_engine_free(engine);
    return 0;
}
