/* A deployment in memory and in virtual time, with the protected group of the documents. */
#ifndef WORLD_H
#define WORLD_H

#include "check.h"
#include "json.h"

#define GROUP "drill-web-app"

static const char *const CONFIG =
    "[engine]\nstorage_driver = mock\nmock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n"
    "[database]\nconnection = sqlite://\n";

static const char *const CREATE =
    "{\"name\":\"" GROUP "\",\"replication_type\":\"async\",\"primary_site\":\"site-a\","
    "\"secondary_site\":\"site-b\",\"volume_type\":\"replicated-ssd\"}";

static const char *const POLICY =
    "{\"pure_pg_name\":\"mock-pg-drill-web-app\",\"replication_interval\":300,\"rpo_minutes\":15}";

static const char *const FAILOVER =
    "{\"operation\":\"failover\",\"type\":\"planned\","
    "\"mappings\":{\"networks\":{\"net-primary-web\":\"net-secondary-web\"}}}";

/* The request that protects a server of site-a, by the server's name. To be freed. */
static inline char *member_request(const protector_engine *engine, const char *server)
{
    protector_error *error;
    char *servers, *found, *request = NULL;
    OK(protector_engine_mock_servers(engine, "site-a", &servers, &error));
    for (size_t i = 0; request == NULL && (found = json_element(servers, i)) != NULL; i++) {
        char *name = json_text(found, "name");
        if (name != NULL && strcmp(name, server) == 0) {
            char *id = json_member(found, "id");
            CHECK(id != NULL && (request = malloc(strlen(id) + 32)) != NULL);
            sprintf(request, "{\"instance_id\":%s}", id);
            free(id);
        }
        free(name);
        free(found);
    }
    protector_string_free(servers);
    CHECK(request != NULL);
    return request;
}

/* Group, policy and member. */
static inline void protect(const protector_engine *engine)
{
    protector_error *error;
    char *made;
    OK(protector_protection_group_create(engine, CREATE, &made, &error));
    protector_string_free(made);
    OK(protector_policy_create(engine, GROUP, POLICY, &made, &error));
    protector_string_free(made);
    char *request = member_request(engine, "web-server-1");
    OK(protector_member_add(engine, GROUP, request, &made, &error));
    protector_string_free(made);
    free(request);
}

/* Plans and accepts. The operation's id, to be freed. */
static inline char *accept(const protector_engine *engine, const char *request)
{
    protector_error *error;
    char *plan, *operation;
    OK(protector_operation_plan(engine, GROUP, request, &plan, &error));
    OK(protector_operation_accept(engine, plan, &operation, &error));
    char *id = json_text(operation, "id"), *hash = json_text(plan, "hash");
    char *accepted = json_text(operation, "plan_hash");
    CHECK(id != NULL && hash != NULL);
    CHECK_TEXT(accepted, hash);
    free(accepted);
    free(hash);
    protector_string_free(operation);
    protector_string_free(plan);
    return id;
}

#endif
