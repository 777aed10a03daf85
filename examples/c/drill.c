/*
 * A drill on the simulated world: protect a server, replicate it, rehearse the failover, and say how it went.
 *
 *     cc drill.c $(pkg-config --cflags --libs protector)
 */
#include "json.h"
#include "protector.h"

#include <stdio.h>

static protector_error *error;

/* Ends the program if a call failed. */
static void must(protector_status status)
{
    if (status != PROTECTOR_STATUS_OK) {
        const char *remedy = protector_error_remedy(error);
        fprintf(stderr, "[%s] %s (%s)\n", protector_error_code(error), protector_error_message(error), remedy ? remedy : "");
        exit(1);
    }
}

static void protect(const protector_engine *engine)
{
    char *servers, *made, request[256];
    must(protector_protection_group_create(engine,
                                           "{\"name\":\"web\",\"replication_type\":\"async\",\"primary_site\":\"site-a\","
                                           "\"secondary_site\":\"site-b\",\"volume_type\":\"replicated-ssd\"}",
                                           &made, &error));
    protector_string_free(made);
    must(protector_policy_create(engine, "web", "{\"replication_interval\":300,\"rpo_minutes\":15}", &made, &error));
    protector_string_free(made);
    must(protector_engine_mock_servers(engine, "site-a", &servers, &error));
    char *first = json_element(servers, 0), *id = first ? json_text(first, "id") : NULL;
    snprintf(request, sizeof request, "{\"instance_id\":\"%s\"}", id ? id : "");
    must(protector_member_add(engine, "web", request, &made, &error));
    protector_string_free(made);
    protector_string_free(servers);
    free(id);
    free(first);
}

static void listen(const char *event_json, void *user_data)
{
    char *title = json_text(event_json, "title"), *state = json_text(event_json, "state");
    (void)user_data;
    fprintf(stderr, "%s: %s\n", title ? title : "", state ? state : "");
    free(state);
    free(title);
}

/* Plans, accepts and runs one operation. */
static void operate(const protector_engine *engine, const char *request)
{
    char *plan, *accepted, *done, *report, *text;
    must(protector_operation_plan(engine, "web", request, &plan, &error));
    must(protector_operation_accept(engine, plan, &accepted, &error));
    char *id = json_text(accepted, "id");
    must(protector_operation_run(engine, id, listen, NULL, NULL, &done, &error));
    must(protector_operation_report(engine, id, &report, &error));
    must(protector_report_text(report, &text, &error));
    char *type = json_text(done, "operation_type"), *status = json_text(done, "status");
    printf("%s: %s, report of %zu characters\n", type ? type : "", status ? status : "", strlen(text));
    free(status);
    free(type);
    free(id);
    protector_string_free(text);
    protector_string_free(report);
    protector_string_free(done);
    protector_string_free(accepted);
    protector_string_free(plan);
}

int main(void)
{
    protector_engine *engine;
    const char *config = "[engine]\nstorage_driver = mock\nmock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n"
                         "[database]\nconnection = sqlite://\n";
    if (protector_abi_version() != PROTECTOR_ABI_VERSION) {
        fprintf(stderr, "libprotector %s is of another interface than the header\n", protector_version());
        return 1;
    }
    must(protector_engine_open_text(config, NULL, &engine, &error));
    protect(engine);
    operate(engine, "{\"operation\":\"sync\"}");
    operate(engine, "{\"operation\":\"test_failover\",\"mappings\":{\"networks\":{\"net-primary-web\":\"net-secondary-web\"}}}");
    operate(engine, "{\"operation\":\"test_cleanup\"}");
    protector_engine_free(engine);
    return 0;
}
