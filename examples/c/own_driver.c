/*
 * A storage driver written in C: arrays in the memory of this program, under the clouds of the simulated world.
 *
 * It knows groups, their members and where they replicate to, which is what protecting a server takes. What it does not have,
 * snapshots and clones, is NULL in its table: the library says so by itself where it is needed.
 *
 *     cc own_driver.c $(pkg-config --cflags --libs protector)
 */
#include "json.h"
#include "protector.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { GROUPS = 8, TEXT = 4096 };

struct group {
    char name[128], owner[128], volumes[TEXT], target[128];
    long interval; /* seconds; 0: no schedule */
    int allowed;   /* what the target said, or has been told */
};

/* One array. Methods are called from several threads. */
struct array {
    char name[64], endpoint[128];
    struct group groups[GROUPS];
    int in_use;
    pthread_mutex_t lock;
    const struct array *peer;
};

static struct array arrays[2] = {
    {.name = "cabinet-a", .lock = PTHREAD_MUTEX_INITIALIZER, .peer = &arrays[1]},
    {.name = "cabinet-b", .lock = PTHREAD_MUTEX_INITIALIZER, .peer = &arrays[0]},
};
static int opened;
static atomic_int released;

static const char *now(char text[32])
{
    time_t seconds = time(NULL);
    struct tm parts;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    return text;
}

static int32_t answer(protector_reply *reply, const char *json)
{
    protector_reply_json(reply, json);
    return PROTECTOR_STATUS_OK;
}

static int32_t refuse(protector_reply *reply, protector_status status, const char *message)
{
    protector_reply_error(reply, message, NULL);
    return status;
}

/* A member of the arguments as text; empty if it is not there or too long. */
static void text_of(const char *object, const char *name, char *text, size_t room)
{
    char *found = json_text(object, name);
    *text = '\0';
    if (found != NULL && strlen(found) < room) {
        strcpy(text, found);
    }
    free(found);
}

static struct group *find(struct array *array, const char *name)
{
    for (int i = 0; i < array->in_use; i++) {
        if (strcmp(array->groups[i].name, name) == 0) {
            return &array->groups[i];
        }
    }
    return NULL;
}

/* A group as JSON. An image, "array:group", is what the other array has sent. */
static void describe(const struct group *group, char *json, size_t room)
{
    char interval[24] = "null", targets[192] = "", time[32];
    if (*group->target != '\0') {
        snprintf(targets, sizeof targets, "\"%s\":%s", group->target, group->allowed ? "true" : "false");
        snprintf(interval, sizeof interval, "%ld", group->interval);
    }
    snprintf(json, room,
             "{\"name\":\"%s\",\"owner\":\"%s\",\"is_local\":%s,\"volumes\":%s,\"targets\":{%s},"
             "\"replication_interval\":%s,\"destroyed\":false,\"observed_at\":\"%s\"}",
             group->name, group->owner, strchr(group->name, ':') == NULL ? "true" : "false", group->volumes, targets,
             interval, now(time));
}

static int32_t changed(protector_reply *reply, const char *value)
{
    char json[2 * TEXT];
    snprintf(json, sizeof json, "{\"outcome\":\"done\",\"value\":%s}", value);
    return answer(reply, json);
}

static int32_t info(void *user_data, const char *arguments_json, protector_reply *reply)
{
    const struct array *array = user_data;
    char json[256], time[32];
    (void)arguments_json;
    snprintf(json, sizeof json, "{\"id\":\"id-of-%s\",\"name\":\"%s\",\"version\":\"1.0\",\"endpoint_time\":\"%s\"}", array->name,
             array->name, now(time));
    return answer(reply, json);
}

static int32_t peers(void *user_data, const char *arguments_json, protector_reply *reply)
{
    const struct array *peer = ((struct array *)user_data)->peer;
    char json[256];
    (void)arguments_json;
    snprintf(json, sizeof json, "[{\"id\":\"id-of-%s\",\"name\":\"%s\",\"link\":\"connected\"}]", peer->name, peer->name);
    return answer(reply, json);
}

static int32_t group(void *user_data, const char *arguments_json, protector_reply *reply)
{
    struct array *array = user_data;
    char name[128], json[2 * TEXT] = "null";
    text_of(arguments_json, "group", name, sizeof name);
    pthread_mutex_lock(&array->lock);
    struct group *found = find(array, name);
    if (found != NULL) {
        describe(found, json, sizeof json);
    }
    pthread_mutex_unlock(&array->lock);
    return answer(reply, json);
}

static int32_t recovery_points(void *user_data, const char *arguments_json, protector_reply *reply)
{
    (void)user_data, (void)arguments_json;
    return answer(reply, "[]");
}

/* Whatever a cloud asks for by name is there, with one GiB. */
static int32_t volumes(void *user_data, const char *arguments_json, protector_reply *reply)
{
    char json[2 * TEXT] = "[";
    char *query = json_member(arguments_json, "query"), *names = query ? json_member(query, "names") : NULL, *name;
    (void)user_data;
    for (size_t i = 0; names != NULL && (name = json_element(names, i)) != NULL; i++) {
        size_t used = strlen(json);
        snprintf(json + used, sizeof json - used,
                 "%s{\"id\":%s,\"name\":%s,\"provisioned\":1073741824,\"cloned_from\":null,\"fenced\":false,\"destroyed\":false}",
                 i == 0 ? "" : ",", name, name);
        free(name);
    }
    free(names);
    free(query);
    strcat(json, "]");
    return answer(reply, json);
}

/* Made again with the same arguments it ends in the same state, as all changes do. */
static int32_t ensure_group(void *user_data, const char *arguments_json, protector_reply *reply)
{
    struct array *array = user_data;
    char name[128], owner[128], json[2 * TEXT];
    char *spec = json_member(arguments_json, "group");
    if (spec == NULL) {
        return refuse(reply, PROTECTOR_STATUS_INVALID_REQUEST, "no group is named");
    }
    text_of(spec, "name", name, sizeof name);
    text_of(spec, "owner", owner, sizeof owner);
    free(spec);
    pthread_mutex_lock(&array->lock);
    struct group *found = find(array, name);
    int32_t status = PROTECTOR_STATUS_OK;
    if (found == NULL && array->in_use < GROUPS) {
        found = &array->groups[array->in_use++];
        snprintf(found->name, sizeof found->name, "%s", name);
        snprintf(found->owner, sizeof found->owner, "%s", owner);
        strcpy(found->volumes, "[]");
    } else if (found == NULL) {
        status = PROTECTOR_STATUS_LIMIT_REACHED;
    } else if (strcmp(found->owner, owner) != 0) {
        status = PROTECTOR_STATUS_CONFLICT;
    }
    if (status == PROTECTOR_STATUS_OK) {
        describe(found, json, sizeof json);
    }
    pthread_mutex_unlock(&array->lock);
    return status == PROTECTOR_STATUS_OK ? changed(reply, json) : refuse(reply, status, "the group cannot be made");
}

static int32_t ensure_members(void *user_data, const char *arguments_json, protector_reply *reply)
{
    struct array *array = user_data;
    char name[128], json[2 * TEXT];
    char *members = json_member(arguments_json, "members"), *wanted = members ? json_member(members, "volumes") : NULL;
    text_of(arguments_json, "group", name, sizeof name);
    pthread_mutex_lock(&array->lock);
    struct group *found = find(array, name);
    int fits = found != NULL && wanted != NULL && strlen(wanted) < sizeof found->volumes;
    if (fits) {
        /* one server, so what is added is all there is */
        strcpy(found->volumes, wanted);
        describe(found, json, sizeof json);
    }
    pthread_mutex_unlock(&array->lock);
    free(wanted);
    free(members);
    return fits ? changed(reply, json) : refuse(reply, PROTECTOR_STATUS_NOT_FOUND, "there is no such group");
}

static int32_t ensure_replication(void *user_data, const char *arguments_json, protector_reply *reply)
{
    struct array *array = user_data;
    char name[128];
    char *wanted = json_member(arguments_json, "replication"), *interval = wanted ? json_member(wanted, "interval") : NULL;
    text_of(arguments_json, "group", name, sizeof name);
    pthread_mutex_lock(&array->lock);
    struct group *found = find(array, name);
    if (found != NULL && interval != NULL) {
        text_of(wanted, "target", found->target, sizeof found->target);
        found->interval = strtol(interval, NULL, 10);
        found->allowed = 1; /* both are in this cabinet */
    }
    pthread_mutex_unlock(&array->lock);
    free(interval);
    free(wanted);
    return found ? changed(reply, "null") : refuse(reply, PROTECTOR_STATUS_NOT_FOUND, "there is no such group");
}

static int32_t accept_from_peer(void *user_data, const char *arguments_json, protector_reply *reply)
{
    (void)user_data, (void)arguments_json;
    return changed(reply, "null");
}

static void release(void *user_data)
{
    (void)user_data;
    atomic_fetch_add(&released, 1);
}

/* The array at a site: site-a has the first one. */
static int32_t open_array(void *user_data, const char *site, const char *options_json, protector_storage_driver *driver,
                          protector_reply *reply)
{
    struct array *array = &arrays[strcmp(site, "site-a") == 0 ? 0 : 1];
    char cabinet[64];
    (void)user_data;
    text_of(options_json, "cabinet", cabinet, sizeof cabinet);
    if (*cabinet == '\0') {
        protector_reply_error(reply, "[driver:cabinet] cabinet is not set", "write which cabinet it is");
        return PROTECTOR_STATUS_INVALID_CONFIGURATION;
    }
    snprintf(array->endpoint, sizeof array->endpoint, "%s at %s", cabinet, site);
    driver->size = sizeof *driver;
    driver->driver_name = "CabinetDriver";
    driver->endpoint = array->endpoint;
    driver->capabilities_json = "{\"async_groups\":true,\"sync_pods\":false,\"fence\":false,\"promotion\":false,"
                                "\"interval_bounds\":[60,86400],\"persistent\":false,\"simulated\":true}";
    driver->user_data = array;
    driver->release = release;
    driver->info = info;
    driver->peers = peers;
    driver->group = group;
    driver->recovery_points = recovery_points;
    driver->volumes = volumes;
    driver->ensure_group = ensure_group;
    driver->ensure_members = ensure_members;
    driver->ensure_replication = ensure_replication;
    driver->accept_from_peer = accept_from_peer;
    opened++;
    return PROTECTOR_STATUS_OK;
}

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

static int count(const char *list)
{
    int elements = 0;
    for (char *element; (element = json_element(list, (size_t)elements)) != NULL; elements++) {
        free(element);
    }
    return elements;
}

/* Protects the first server of site-a. */
static void protect(const protector_engine *engine)
{
    char *servers, *made, request[256];
    must(protector_protection_group_create(engine,
                                           "{\"name\":\"web\",\"replication_type\":\"async\",\"primary_site\":\"site-a\","
                                           "\"secondary_site\":\"site-b\",\"volume_type\":\"replicated-ssd\"}",
                                           &made, &error));
    protector_string_free(made);
    must(protector_policy_create(engine, "web", "{\"pure_pg_name\":\"pg-web\",\"replication_interval\":300,\"rpo_minutes\":15}",
                                 &made, &error));
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

int main(void)
{
    protector_engine *engine;
    char *operation;
    const char *config = "[engine]\nstorage_driver = cabinet\ncloud_driver = mock\nlocal_site = site-a\n"
                         "[database]\nconnection = sqlite://\n[driver:cabinet]\ncabinet = rack-7\n";
    must(protector_storage_driver_register("cabinet", open_array, NULL, &error));
    must(protector_engine_open_text(config, NULL, &engine, &error));
    protect(engine);
    const struct group *made = &arrays[0].groups[0];
    printf("%s: %s replicates %d volume to %s\n", arrays[0].endpoint, made->name, count(made->volumes), made->target);

    /* what the table does not have is not attempted, and says so */
    must(protector_operation_plan(engine, "web", "{\"operation\":\"sync\"}", &operation, &error));
    protector_string_free(operation);
    protector_engine_free(engine);
    printf("opened %d, released %d\n", opened, atomic_load(&released));
    return 0;
}
