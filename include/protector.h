/*
 * libprotector: disaster recovery for OpenStack clouds on replicated Pure Storage FlashArrays, for C programs.
 *
 * CALLS. A function that can fail returns a protector_status, PROTECTOR_STATUS_OK if it did what it says. Its result
 * goes to an out-parameter, which is set to NULL first and stays NULL on failure. Its last argument takes the error:
 * set to NULL first, then to a new protector_error on failure; give NULL if the status is enough. A call that was
 * refused has changed nothing.
 *
 * DATA crosses as JSON in UTF-8, with the field names of the command line's JSON output. Requests with unknown fields
 * are refused; replies may get more fields in later versions.
 *
 * OWNERSHIP. Arguments are borrowed for the call, never kept. What an out-parameter receives belongs to the caller,
 * who frees it with the function named after its type: protector_string_free for every char *, protector_engine_free,
 * protector_cancel_free, protector_error_free. All of them accept NULL. A const char * that is returned belongs to
 * the object it was asked from, or to the library if it was asked from none; it is never freed.
 *
 * ARGUMENTS. Pointers must be valid, text ends with a NUL byte. NULL where it is not allowed gives
 * PROTECTOR_STATUS_NULL_ARGUMENT, text that is not UTF-8 PROTECTOR_STATUS_INVALID_UTF8; the message names the argument.
 *
 * THREADS. Every handle may be used by any number of threads at once, and freed by any thread once no call uses it. A
 * call blocks its thread until it is done. The library keeps a few worker threads until the process ends, so it stays
 * loaded after dlclose. They do not survive fork: a child opens engines of its own, and those of its parent give
 * PROTECTOR_STATUS_UNSUPPORTED there. So does everything if calls were under way at the fork, and a SQLite database that
 * the parent had open.
 *
 * LINKING. Prefer the shared library: it shows nothing but the names below. The static one brings its own SQLite, which
 * collides with another one in the program. With either, let no other SQLite of the same process open the databases.
 *
 * DEFECTS. A panic inside the library does not cross into the caller: it gives PROTECTOR_STATUS_PANIC. Operations are
 * journalled before they act, so running the operation again continues it safely.
 */

#ifndef PROTECTOR_H
#define PROTECTOR_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Version of the library that this header belongs to.
 */
#define PROTECTOR_VERSION "0.1.0"

/**
 * Version of this interface. Goes up when a program that was compiled before would break.
 */
#define PROTECTOR_ABI_VERSION 1

/**
 * How a call went. What a status means is what the caller may do next.
 */
typedef enum {
    /**
     * Done.
     */
    PROTECTOR_STATUS_OK = 0,
    /**
     * The request itself is wrong: mend the named field. Never worth a retry.
     */
    PROTECTOR_STATUS_INVALID_REQUEST = 1,
    /**
     * The configuration is wrong: mend the named file and line.
     */
    PROTECTOR_STATUS_INVALID_CONFIGURATION = 2,
    /**
     * The named object does not exist.
     */
    PROTECTOR_STATUS_NOT_FOUND = 3,
    /**
     * An object of that name or identity exists already.
     */
    PROTECTOR_STATUS_ALREADY_EXISTS = 4,
    /**
     * Somebody else acted or owns it. A human decides.
     */
    PROTECTOR_STATUS_CONFLICT = 5,
    /**
     * The world differs from what the call needs. Plan again.
     */
    PROTECTOR_STATUS_PRECONDITION = 6,
    /**
     * A volume or volume type breaks an eligibility rule. Every violation is in the message.
     */
    PROTECTOR_STATUS_NOT_ELIGIBLE = 7,
    /**
     * The plan has blockers. The message names the remedies.
     */
    PROTECTOR_STATUS_PLAN_BLOCKED = 8,
    /**
     * The world changed since the plan was made. Plan again.
     */
    PROTECTOR_STATUS_PLAN_STALE = 9,
    /**
     * The other site cannot be reached, so the change was refused and nothing was written.
     */
    PROTECTOR_STATUS_PEER_UNREACHABLE = 10,
    /**
     * An array, cloud or database cannot be reached.
     */
    PROTECTOR_STATUS_UNREACHABLE = 11,
    /**
     * Credentials were rejected.
     */
    PROTECTOR_STATUS_UNAUTHENTICATED = 12,
    /**
     * Credentials are valid but not sufficient.
     */
    PROTECTOR_STATUS_FORBIDDEN = 13,
    /**
     * Would probably pass later. Retry, waiting longer each time.
     */
    PROTECTOR_STATUS_TRANSIENT = 14,
    /**
     * The request may or may not have been applied. Look first, then decide.
     */
    PROTECTOR_STATUS_INDETERMINATE = 15,
    /**
     * The deadline passed. The journal says how far it came.
     */
    PROTECTOR_STATUS_DEADLINE_EXCEEDED = 16,
    /**
     * The caller asked to stop. Run the operation again to continue it.
     */
    PROTECTOR_STATUS_CANCELLED = 17,
    /**
     * The object was destroyed but can still be recovered.
     */
    PROTECTOR_STATUS_PENDING_ERADICATION = 18,
    /**
     * A limit of the array or cloud was reached.
     */
    PROTECTOR_STATUS_LIMIT_REACHED = 19,
    /**
     * The endpoint or this build cannot do it.
     */
    PROTECTOR_STATUS_UNSUPPORTED = 20,
    /**
     * It would break a data-safety rule, for example remove the last recovery point.
     */
    PROTECTOR_STATUS_DATA_SAFETY = 21,
    /**
     * A local file or database cannot be read or written.
     */
    PROTECTOR_STATUS_STORAGE = 22,
    /**
     * A defect of the engine or an unreadable reply. Please report it.
     */
    PROTECTOR_STATUS_INTERNAL = 23,
    /**
     * A pointer was NULL where that is not allowed. The message names the argument.
     */
    PROTECTOR_STATUS_NULL_ARGUMENT = 100,
    /**
     * Text was not UTF-8. The message names the argument.
     */
    PROTECTOR_STATUS_INVALID_UTF8 = 101,
    /**
     * The library panicked, which is a defect. Please report it.
     */
    PROTECTOR_STATUS_PANIC = 102,
} protector_status;

/**
 * A request to stop. Any thread may make it while another one runs the operation.
 */
typedef struct protector_cancel protector_cancel;

/**
 * One site's engine. May be used by any number of threads at once.
 */
typedef struct protector_engine protector_engine;

/**
 * An error. It owns its texts: they live until protector_error_free.
 */
typedef struct protector_error protector_error;

/**
 * Hears what happens while an operation runs. event_json: operation, step (null for the operation itself), title, state,
 * progress (0 to 100), at; it is valid only until the callback returns. user_data is what protector_operation_run was
 * given. Called on the thread that runs the operation, one event after the other, with no lock held: it may call this
 * library, but must return; no exception and no longjmp may leave it.
 */
typedef void (*protector_progress_fn)(const char *event_json,
                                      void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The PROTECTOR_ABI_VERSION that the loaded library was built with. Compare it with the one of the header.
 */
uint32_t protector_abi_version(void);

/**
 * The version of the loaded library, as in "0.1.0". Belongs to the library.
 */
const char *protector_version(void);

/**
 * The name of a status, as in "not_found"; NULL for a number that this library does not know. Belongs to the library.
 */
const char *protector_status_name(int32_t status);

/**
 * What the call returned. PROTECTOR_STATUS_OK for NULL.
 */
protector_status protector_error_status(const protector_error *error);

/**
 * The name of the status, as in "not_found". Belongs to the library; NULL for NULL.
 */
const char *protector_error_code(const protector_error *error);

/**
 * What went wrong, and with which value. Belongs to the error; NULL for NULL.
 */
const char *protector_error_message(const protector_error *error);

/**
 * What to do about it, best as a command line; NULL if there is nothing to say. Belongs to the error; NULL for NULL.
 */
const char *protector_error_remedy(const protector_error *error);

/**
 * Whether the very same call may pass later without anybody mending anything. False for NULL.
 */
bool protector_error_retryable(const protector_error *error);

/**
 * Frees an error and its texts. NULL is fine.
 */
void protector_error_free(protector_error *error);

/**
 * Frees text that an out-parameter received. NULL is fine.
 */
void protector_string_free(char *text);

/**
 * Plans a request on facts. Pure: no engine, no clock; the same facts and request give the same plan, to the byte, in
 * every language. What the world objects to is among the plan's findings, not an error.
 */
protector_status protector_plan(const char *facts_json,
                                const char *request_json,
                                char **plan_json,
                                protector_error **error);

/**
 * Draws a plan as a graph. format: "mermaid", "dot", "svg" or "html"; the last two are whole documents that need nothing
 * else. Pure; the same plan gives the same text, to the byte, in every language. Names are escaped as the format asks.
 */
protector_status protector_plan_graph(const char *plan_json,
                                      const char *format,
                                      char **graph,
                                      protector_error **error);

/**
 * Opens the engine that works from a site. config_file NULL: the file named by PROTECTOR_CONFIG_FILE, else the usual
 * places of protector.conf. site NULL: the configuration's local_site, else the first site by name.
 */
protector_status protector_engine_open(const char *config_file,
                                       const char *site,
                                       protector_engine **engine,
                                       protector_error **error);

/**
 * As protector_engine_open, from the text of a configuration file; neither files nor environment variables are read.
 */
protector_status protector_engine_open_text(const char *config_text,
                                            const char *site,
                                            protector_engine **engine,
                                            protector_error **error);

/**
 * The engine of another site in the same deployment, to be freed on its own; either may be freed first.
 */
protector_status protector_engine_at(const protector_engine *engine,
                                     const char *site,
                                     protector_engine **sibling,
                                     protector_error **error);

/**
 * The name of the site that the engine works from.
 */
protector_status protector_engine_site(const protector_engine *engine,
                                       char **site,
                                       protector_error **error);

/**
 * Frees an engine. NULL is fine. Operations that were accepted stay in the store and can be run later.
 */
void protector_engine_free(protector_engine *engine);

/**
 * Creates the databases of all sites or brings them up to date. May be repeated. config_file as in
 * protector_engine_open. databases_json: a list with site, path, and the schema versions before and now.
 */
protector_status protector_db_sync(const char *config_file,
                                   char **databases_json,
                                   protector_error **error);

/**
 * Fills the simulated world with two sites and their servers, and as many more servers as are asked for: servers with
 * asynchronously replicated volumes, sync_servers with volumes in a pod that is stretched over both arrays. config_file as in
 * protector_engine_open. seed_json: what was put there.
 */
protector_status protector_mock_seed(const char *config_file,
                                     uint32_t servers,
                                     uint32_t sync_servers,
                                     char **seed_json,
                                     protector_error **error);

/**
 * The servers of the simulated world, as a list. site NULL: of all sites. config_file as in protector_engine_open.
 */
protector_status protector_mock_servers(const char *config_file,
                                        const char *site,
                                        char **servers_json,
                                        protector_error **error);

/**
 * As protector_mock_servers, of the world that an engine works with; the only way to see one that is in memory.
 */
protector_status protector_engine_mock_servers(const protector_engine *engine,
                                               const char *site,
                                               char **servers_json,
                                               protector_error **error);

/**
 * Creates a protection group with its consistency group on both sites. request_json: name, replication_type ("async"
 * or "sync"), primary_site, secondary_site, volume_type; optionally description, project_id.
 */
protector_status protector_protection_group_create(const protector_engine *engine,
                                                   const char *request_json,
                                                   char **group_json,
                                                   protector_error **error);

/**
 * The protection groups of the site, as a list.
 */
protector_status protector_protection_group_list(const protector_engine *engine,
                                                 char **groups_json,
                                                 protector_error **error);

/**
 * One protection group with its members.
 */
protector_status protector_protection_group_show(const protector_engine *engine,
                                                 const char *group,
                                                 char **group_json,
                                                 protector_error **error);

/**
 * Creates the policy of a group, or changes the fields that are given. request_json, all optional: pure_pg_name,
 * replication_interval (seconds), rpo_minutes, primary_fa_url, primary_fa_api_token, secondary_fa_url,
 * secondary_fa_api_token, adopt. Tokens never come back.
 */
protector_status protector_policy_create(const protector_engine *engine,
                                         const char *group,
                                         const char *request_json,
                                         char **policy_json,
                                         protector_error **error);

/**
 * Protects a server with all its volumes, or with none and says why. request_json: instance_id (the server's Nova id);
 * optionally tier (start order, lower first).
 */
protector_status protector_member_add(const protector_engine *engine,
                                      const char *group,
                                      const char *request_json,
                                      char **member_json,
                                      protector_error **error);

/**
 * The consistency group of a protection group.
 */
protector_status protector_consistency_group_show(const protector_engine *engine,
                                                  const char *group,
                                                  char **consistency_group_json,
                                                  protector_error **error);

/**
 * The volumes of a consistency group, as a list.
 */
protector_status protector_consistency_group_volumes(const protector_engine *engine,
                                                     const char *group,
                                                     char **volumes_json,
                                                     protector_error **error);

/**
 * A new one, not requested. Free it with protector_cancel_free.
 */
protector_status protector_cancel_new(protector_cancel **cancel,
                                      protector_error **error);

/**
 * Asks to stop at the next safe place. Cannot be taken back. Neither blocks nor allocates, so that a signal handler may
 * call it. NULL is fine.
 */
void protector_cancel_request(const protector_cancel *cancel);

/**
 * Frees it. NULL is fine. Not while an operation runs with it.
 */
void protector_cancel_free(protector_cancel *cancel);

/**
 * Observes and plans; changes nothing. request_json: operation ("sync", "test_failover", "test_cleanup", "failover" or
 * "failback") and its options, as in {"operation":"failover","type":"planned","mappings":{"networks":{"a":"b"}}}. What
 * speaks against it is among the plan's findings.
 */
protector_status protector_operation_plan(const protector_engine *engine,
                                          const char *group,
                                          const char *request_json,
                                          char **plan_json,
                                          protector_error **error);

/**
 * Accepts a plan as it was made, if the world is still the same: opens the operation, executes nothing yet.
 */
protector_status protector_operation_accept(const protector_engine *engine,
                                            const char *plan_json,
                                            char **operation_json,
                                            protector_error **error);

/**
 * Runs an accepted operation, or continues one that was interrupted, and returns when it has ended. A step that failed is
 * not an error of this call: see status, error and steps in operation_json. progress NULL: nobody listens. cancel NULL:
 * nobody can stop it; requested: PROTECTOR_STATUS_CANCELLED at the next safe place, and running it again continues.
 */
protector_status protector_operation_run(const protector_engine *engine,
                                         const char *operation_id,
                                         protector_progress_fn progress,
                                         void *user_data,
                                         const protector_cancel *cancel,
                                         char **operation_json,
                                         protector_error **error);

/**
 * Asks whoever runs the operation, in this process or another one, to stop at the next step boundary, and returns at once:
 * "stop" in operation_json tells that the request waits. reason NULL: none. PROTECTOR_STATUS_PRECONDITION: nobody runs it, or
 * it has ended; the error names what leads on.
 */
protector_status protector_operation_cancel(const protector_engine *engine,
                                            const char *operation_id,
                                            const char *reason,
                                            char **operation_json,
                                            protector_error **error);

/**
 * Gives the operation up as long as its pivot is not done: it ends as "cancelled" with its start restored. While somebody
 * runs it they are asked to, and the call returns at once; else it is done here, and progress and cancel are as in
 * protector_operation_run. reason NULL: none. leave_peer: end also if the other site stays silent, with the mark of
 * divergence. PROTECTOR_STATUS_PRECONDITION: the way is forward, or it has ended; nothing was changed.
 */
protector_status protector_operation_abort(const protector_engine *engine,
                                           const char *operation_id,
                                           const char *reason,
                                           bool leave_peer,
                                           protector_progress_fn progress,
                                           void *user_data,
                                           const protector_cancel *cancel,
                                           char **operation_json,
                                           protector_error **error);

/**
 * One operation of the site, with its steps.
 */
protector_status protector_operation_show(const protector_engine *engine,
                                          const char *operation_id,
                                          char **operation_json,
                                          protector_error **error);

/**
 * The operations of the site, newest first, as a list.
 */
protector_status protector_operation_list(const protector_engine *engine,
                                          char **operations_json,
                                          protector_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PROTECTOR_H */
