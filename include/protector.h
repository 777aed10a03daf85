/*
 * libprotector: disaster recovery for OpenStack clouds on replicated Pure Storage FlashArrays, for C programs.
 *
 * CALLS. A function that can fail returns a protector_status, PROTECTOR_STATUS_OK if it did what it says. Its result
 * goes to an out-parameter, which is set to NULL first and stays NULL on failure; one without an out-parameter has no
 * result but that it was done. Its last argument takes the error: set to NULL first, then to a new protector_error on
 * failure; give NULL if the status is enough. A call that was refused has changed nothing.
 *
 * DATA crosses as JSON in UTF-8, with the field names of the command line's JSON output. Requests with unknown fields
 * are refused; replies may get more fields in later versions.
 *
 * OWNERSHIP. Arguments are borrowed for the call, never kept, but for the functions and user_data that a program
 * registers. What an out-parameter receives belongs to the caller, who frees it with the function named after its type:
 * protector_string_free for every char *, protector_engine_free, protector_run_free, protector_cancel_free,
 * protector_error_free. All of them accept NULL. A const char * that is returned belongs to the object it was asked from,
 * or to the library if it was asked from none; it is never freed.
 *
 * ARGUMENTS. Pointers must be valid, text ends with a NUL byte. NULL where it is not allowed gives
 * PROTECTOR_STATUS_NULL_ARGUMENT, text that is not UTF-8 PROTECTOR_STATUS_INVALID_UTF8; the message names the argument.
 *
 * THREADS. Every handle may be used by any number of threads at once, and freed by any thread once no call uses it. A
 * call blocks its thread until it is done; what takes long can be started as a protector_run instead, and waited for with
 * poll. The library keeps a few worker threads until the process ends, so it stays loaded after dlclose. They do not
 * survive fork: a child opens engines of its own, and those of its parent give PROTECTOR_STATUS_UNSUPPORTED there. So does
 * everything if calls were under way at the fork, and a SQLite database that the parent had open.
 *
 * CALLBACKS. A function of the program that the library calls must return: no exception and no longjmp may leave it. Which
 * thread calls it, and whether it may call this library, stands where it is handed over.
 *
 * LINKING. pkg-config knows the library as protector. Prefer the shared library: it shows nothing but the names below. The
 * static one brings its own SQLite, which collides with another one in the program. With either, let no other SQLite of
 * the same process open the databases.
 *
 * DEFECTS. A panic inside the library does not cross into the caller: it gives PROTECTOR_STATUS_PANIC. Operations are
 * journalled before they act, so running the operation again continues it safely.
 */

#ifndef PROTECTOR_H
#define PROTECTOR_H

#include <stdbool.h>
#include <stddef.h>
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
 * Something failed.
 */
#define PROTECTOR_LOG_ERROR 1

/**
 * Something that people should look at.
 */
#define PROTECTOR_LOG_WARNING 2

/**
 * What is done.
 */
#define PROTECTOR_LOG_INFO 3

/**
 * How it is done.
 */
#define PROTECTOR_LOG_DEBUG 4

/**
 * Every call.
 */
#define PROTECTOR_LOG_TRACE 5

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
 * The answer of a driver to one call. It belongs to the library and lives until the driver's function returns.
 */
typedef struct protector_reply protector_reply;

/**
 * Something long that was started and goes on by itself. Any number of threads may ask it at once; each event goes to one of
 * them. Take its events until protector_run_ended, then its result:
 *
 * ```c
 * while (!protector_run_ended(run)) {
 *     protector_run_wait(run, -1);
 *     while (protector_run_next(run, &event, &error) == PROTECTOR_STATUS_OK && event != NULL) { … }
 * }
 * protector_run_result(run, &operation, &error);
 * ```
 *
 * With poll or epoll: wait until protector_run_fd is readable instead of protector_run_wait.
 */
typedef struct protector_run protector_run;

/**
 * Hears a line of the log. level: PROTECTOR_LOG_ERROR to PROTECTOR_LOG_TRACE. target: which part of the library it is from, as in
 * "protector.engine.manager". The texts are valid only until the callback returns; they never hold a secret. Called from any
 * thread, several at a time. It must return soon and must not call this library; no exception and no longjmp may leave it.
 */
typedef void (*protector_log_fn)(int32_t level,
                                 const char *target,
                                 const char *message,
                                 void *user_data);

/**
 * Lets go of what a driver holds.
 */
typedef void (*protector_driver_release)(void *user_data);

/**
 * A method of a driver. arguments_json: an object of the arguments by name, of a change also "context" (op_key, epoch,
 * deadline). Answers with protector_reply_json and PROTECTOR_STATUS_OK, a change with {"outcome": "done" | "already_done",
 * "value": …} or {"outcome": "in_progress", "poll_after": seconds}; or says why not with protector_reply_error and returns
 * another status. One that nobody knows counts as PROTECTOR_STATUS_INTERNAL. Called from threads of the library, several at a
 * time; it must not wait for long work, nor leave by longjmp or an exception, nor call this library but for its reply.
 */
typedef int32_t (*protector_driver_method)(void *user_data,
                                           const char *arguments_json,
                                           protector_reply *reply);

/**
 * An array. A pair that replicates is two of them.
 *
 * A method that is NULL gives PROTECTOR_STATUS_UNSUPPORTED. All texts stay as they are until release is called.
 */
typedef struct {
    /**
     * sizeof of this struct in the program, always set: versions of the library differ in how many methods there are.
     */
    size_t size;
    /**
     * Name of the driver, for logs: "SparseFiles".
     */
    const char *driver_name;
    /**
     * What stands behind it, for messages: a host, a directory. Never a secret.
     */
    const char *endpoint;
    /**
     * What it can do, as JSON.
     */
    const char *capabilities_json;
    /**
     * Handed to each method.
     */
    void *user_data;
    /**
     * Called once, by any thread, when nobody uses the driver any more. NULL: nothing is to be done.
     */
    protector_driver_release release;
    /**
     * Identity, name and clock.
     */
    protector_driver_method info;
    /**
     * Connected arrays.
     */
    protector_driver_method peers;
    /**
     * One group; null: there is none of that name.
     */
    protector_driver_method group;
    /**
     * Recovery points of a group, in any order.
     */
    protector_driver_method recovery_points;
    /**
     * NULL: picked from recovery_points.
     */
    protector_driver_method newest_complete;
    /**
     * NULL: each group is asked for by itself.
     */
    protector_driver_method standby_groups;
    /**
     * How replication of a group stands.
     */
    protector_driver_method replication_status;
    /**
     * How far a recovery point has come here.
     */
    protector_driver_method transfer_status;
    /**
     * Volumes, by name.
     */
    protector_driver_method volumes;
    /**
     * What the array would object to.
     */
    protector_driver_method preflight;
    /**
     * A group with its owner's mark.
     */
    protector_driver_method ensure_group;
    /**
     * Members, all or none.
     */
    protector_driver_method ensure_members;
    /**
     * Target and schedule.
     */
    protector_driver_method ensure_replication;
    /**
     * What the target allows.
     */
    protector_driver_method accept_from_peer;
    /**
     * One instant for all members.
     */
    protector_driver_method create_protection_group_snapshot;
    /**
     * Volumes of one recovery point.
     */
    protector_driver_method clone_volumes;
    /**
     * Destroys clones, never eradicates.
     */
    protector_driver_method remove_clones;
    /**
     * NULL: not offered.
     */
    protector_driver_method demote;
    /**
     * NULL: not offered.
     */
    protector_driver_method promote;
    /**
     * NULL: not offered.
     */
    protector_driver_method fence;
    /**
     * NULL: not offered.
     */
    protector_driver_method unfence;
    /**
     * Turns the schedule off.
     */
    protector_driver_method disable_replication;
    /**
     * Destroys a group, never eradicates.
     */
    protector_driver_method retire_group;
} protector_storage_driver;

/**
 * Opens the driver of the array at a site: fills the table, which comes as zeros. options_json: the section [driver:<name>] of
 * the configuration as an object, with env: and file: already read; it is gone when open returns, and so is site. Sends nothing
 * to the array. Says why not with protector_reply_error and another status than PROTECTOR_STATUS_OK; then nothing of the table
 * is looked at, and release is not called.
 */
typedef int32_t (*protector_storage_driver_open)(void *user_data,
                                                 const char *site,
                                                 const char *options_json,
                                                 protector_storage_driver *driver,
                                                 protector_reply *reply);

/**
 * An OpenStack cloud, or what stands for one.
 *
 * A method that is NULL gives PROTECTOR_STATUS_UNSUPPORTED. All texts stay as they are until release is called.
 */
typedef struct {
    /**
     * sizeof of this struct in the program, always set: versions of the library differ in how many methods there are.
     */
    size_t size;
    /**
     * Name of the driver, for logs: "SparseFiles".
     */
    const char *driver_name;
    /**
     * What stands behind it, for messages: a host, a directory. Never a secret.
     */
    const char *endpoint;
    /**
     * Not used; NULL.
     */
    const char *capabilities_json;
    /**
     * Handed to each method.
     */
    void *user_data;
    /**
     * Called once, by any thread, when nobody uses the driver any more. NULL: nothing is to be done.
     */
    protector_driver_release release;
    /**
     * Whether it answers, and its clock.
     */
    protector_driver_method ping;
    /**
     * All volume types.
     */
    protector_driver_method volume_types;
    /**
     * One Cinder group; null: there is none.
     */
    protector_driver_method consistency_group;
    /**
     * A Cinder group.
     */
    protector_driver_method ensure_consistency_group;
    /**
     * Exactly these volumes.
     */
    protector_driver_method ensure_group_members;
    /**
     * An empty group.
     */
    protector_driver_method delete_consistency_group;
    /**
     * All servers of the project.
     */
    protector_driver_method servers;
    /**
     * One server; null: there is none.
     */
    protector_driver_method server;
    /**
     * One volume; null: there is none.
     */
    protector_driver_method volume;
    /**
     * Networks.
     */
    protector_driver_method networks;
    /**
     * Flavors.
     */
    protector_driver_method flavors;
    /**
     * NULL: nobody can tell.
     */
    protector_driver_method security_groups;
    /**
     * What is left.
     */
    protector_driver_method quota;
    /**
     * Stops cleanly.
     */
    protector_driver_method stop_server;
    /**
     * Starts.
     */
    protector_driver_method start_server;
    /**
     * Takes an array volume under management.
     */
    protector_driver_method import_volume;
    /**
     * Another type of the same backend.
     */
    protector_driver_method retype_volume;
    /**
     * Gives a volume back to the array.
     */
    protector_driver_method release_volume;
    /**
     * A port.
     */
    protector_driver_method ensure_port;
    /**
     * A port.
     */
    protector_driver_method delete_port;
    /**
     * A server, up to ACTIVE.
     */
    protector_driver_method ensure_server;
    /**
     * Keeps its volumes and ports.
     */
    protector_driver_method delete_server;
} protector_cloud;

/**
 * The same for the cloud of a site.
 */
typedef int32_t (*protector_cloud_open)(void *user_data,
                                        const char *site,
                                        const char *options_json,
                                        protector_cloud *cloud,
                                        protector_reply *reply);

/**
 * Hears what happens while an operation runs. event_json: operation, step (null for the operation itself), title, state,
 * progress (0 to 100), at; it is valid only until the callback returns. user_data is what the call was given. Called on the
 * thread that made the call, one event after the other, with no lock held: it may call this library, but must return; no
 * exception and no longjmp may leave it. One that takes long delays what it hears, never the operation.
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
 * Lets the lines of this level and of more important ones go to a callback, for the whole process, instead of the one before.
 * callback NULL: to nobody, which is how it begins. When the call returns, the callback before is not called any more. Refused
 * with PROTECTOR_STATUS_UNSUPPORTED where a program in Rust, linked statically, has a logger of its own.
 */
protector_status protector_log_set(protector_log_fn callback,
                                   void *user_data,
                                   int32_t level,
                                   protector_error **error);

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
 * A plan as people read it.
 */
protector_status protector_plan_text(const char *plan_json,
                                     char **readable,
                                     protector_error **error);

/**
 * A plan of protector_plan_reconcile as people read it.
 */
protector_status protector_reconcile_text(const char *plan_json,
                                          char **readable,
                                          protector_error **error);

/**
 * A report of protector_operation_report as people read it.
 */
protector_status protector_report_text(const char *report_json,
                                       char **readable,
                                       protector_error **error);

/**
 * The same as a document of HTML that needs nothing else.
 */
protector_status protector_report_html(const char *report_json,
                                       char **document,
                                       protector_error **error);

/**
 * Sets the answer. The text is copied. reply NULL: nothing happens.
 */
void protector_reply_json(protector_reply *reply,
                          const char *json);

/**
 * Says why the function returns another status than PROTECTOR_STATUS_OK: what went wrong and with which value, and what to do
 * about it (NULL: nothing to say). Neither may hold a secret. The texts are copied. reply NULL: nothing happens.
 */
void protector_reply_error(protector_reply *reply,
                           const char *message,
                           const char *remedy);

/**
 * Makes a storage driver known to engines of this process that are opened later, under the name that [engine] storage_driver
 * gives. A name that is known already gets the new one. user_data is handed to open, from any thread, until the process ends.
 */
protector_status protector_storage_driver_register(const char *name,
                                                   protector_storage_driver_open open,
                                                   void *user_data,
                                                   protector_error **error);

/**
 * The same for clouds, under the name that [engine] cloud_driver gives.
 */
protector_status protector_cloud_register(const char *name,
                                          protector_cloud_open open,
                                          void *user_data,
                                          protector_error **error);

/**
 * Creates the databases of all sites or brings them up to date. May be repeated. config_file as in protector_engine_open.
 * databases_json: a list with site, path, and the schema versions before and now.
 */
protector_status protector_db_sync(const char *config_file,
                                   char **databases_json,
                                   protector_error **error);

/**
 * The schema versions of the databases, as a list; changes nothing. config_file as in protector_engine_open.
 */
protector_status protector_db_version(const char *config_file,
                                      char **databases_json,
                                      protector_error **error);

/**
 * Reads the databases of all sites from end to end; what is wrong is in checks_json. config_file as in
 * protector_engine_open.
 */
protector_status protector_db_check(const char *config_file,
                                    char **checks_json,
                                    protector_error **error);

/**
 * What the configuration comes to, with warnings and, as "problem", why an engine would not start with it. Opens and sends
 * nothing. config_file as in protector_engine_open.
 */
protector_status protector_config_check(const char *config_file,
                                        char **report_json,
                                        protector_error **error);

/**
 * Makes the key repository that tokens are encrypted with. Keys that are there stay. config_file as in
 * protector_engine_open.
 */
protector_status protector_fernet_setup(const char *config_file,
                                        char **report_json,
                                        protector_error **error);

/**
 * Makes the staged key the primary one and stages a new one. PROTECTOR_STATUS_PRECONDITION: a token needs a key that would
 * go; migrate first. config_file as in protector_engine_open.
 */
protector_status protector_fernet_rotate(const char *config_file,
                                         char **report_json,
                                         protector_error **error);

/**
 * Encrypts every stored token with the primary key. May be repeated. config_file as in protector_engine_open.
 */
protector_status protector_fernet_migrate(const char *config_file,
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
 * Makes a site fail, with its cloud and its array, or come back. config_file as in protector_engine_open.
 */
protector_status protector_mock_set_site(const char *config_file,
                                         const char *site,
                                         bool available,
                                         protector_error **error);

/**
 * Opens the engine that works from a site. config_file NULL: the file named by PROTECTOR_CONFIG_FILE, else the usual
 * places of protector.conf. site NULL: the configuration's local_site, else the first site by name. Drivers that [engine]
 * names must have been registered before.
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
 * The same engine for one project of OpenStack, to be freed on its own; either may be freed first. It sees and changes the
 * groups and operations of that project alone, and what concerns all projects is refused. Whoever calls it answers for the
 * caller being of that project.
 */
protector_status protector_engine_for_project(const protector_engine *engine,
                                              const char *project,
                                              protector_engine **narrowed,
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
 * Registers a site. request_json: name; optionally auth_url (Keystone), cloud (name in clouds.yaml; the site's name if
 * absent), description.
 */
protector_status protector_site_create(const protector_engine *engine,
                                       const char *request_json,
                                       char **site_json,
                                       protector_error **error);

/**
 * The sites, as a list.
 */
protector_status protector_site_list(const protector_engine *engine,
                                     char **sites_json,
                                     protector_error **error);

/**
 * One site.
 */
protector_status protector_site_show(const protector_engine *engine,
                                     const char *name,
                                     char **site_json,
                                     protector_error **error);

/**
 * Forgets a site. PROTECTOR_STATUS_CONFLICT: groups refer to it.
 */
protector_status protector_site_delete(const protector_engine *engine,
                                       const char *name,
                                       protector_error **error);

/**
 * Checks what this process reaches of a site, and the site of the other one; changes nothing. What fails is in
 * validation_json, with what to do about it, and is not an error of this call.
 */
protector_status protector_site_validate(const protector_engine *engine,
                                         const char *name,
                                         char **validation_json,
                                         protector_error **error);

/**
 * The volume types of a site, as a list, each with whether volumes of it can be protected, and why not.
 */
protector_status protector_site_list_volume_types(const protector_engine *engine,
                                                  const char *name,
                                                  char **volume_types_json,
                                                  protector_error **error);

/**
 * Creates a protection group with its consistency group on both sites. request_json: name, replication_type ("async" or
 * "sync"), primary_site, secondary_site, volume_type; optionally description, project_id, priority (when a whole site
 * moves, lower first).
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
 * A part of that list. page_json: marker (id of the last group of the page before; from the beginning if absent), limit
 * (at most so many; all that are left if absent).
 */
protector_status protector_protection_group_page(const protector_engine *engine,
                                                 const char *page_json,
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
 * Changes the fields that are given. request_json: name, description, priority, mappings (from the primary to the
 * secondary site, instead of the stored ones).
 */
protector_status protector_protection_group_update(const protector_engine *engine,
                                                   const char *group,
                                                   const char *request_json,
                                                   char **group_json,
                                                   protector_error **error);

/**
 * Ends the protection of a group without members. The array group stays with its recovery points, without a schedule, for
 * somebody to decide about.
 */
protector_status protector_protection_group_delete(const protector_engine *engine,
                                                   const char *group,
                                                   protector_error **error);

/**
 * The mappings of a group, with what is not mapped.
 */
protector_status protector_mapping_show(const protector_engine *engine,
                                        const char *group,
                                        char **mapping_json,
                                        protector_error **error);

/**
 * The same, with suggestions for what is not mapped. Stores nothing.
 */
protector_status protector_mapping_suggest(const protector_engine *engine,
                                           const char *group,
                                           char **mapping_json,
                                           protector_error **error);

/**
 * Puts mappings over the stored ones. request_json: mappings (from the primary to the secondary site, as in
 * {"networks":{"a":"b"}}), suggested (take also every suggestion).
 */
protector_status protector_mapping_set(const protector_engine *engine,
                                       const char *group,
                                       const char *request_json,
                                       char **mapping_json,
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
 * The policy of a group, without its tokens.
 */
protector_status protector_policy_show(const protector_engine *engine,
                                       const char *group,
                                       char **policy_json,
                                       protector_error **error);

/**
 * Where policies and what [storage] says by now are not the same, as a list.
 */
protector_status protector_policy_drift(const protector_engine *engine,
                                        char **drift_json,
                                        protector_error **error);

/**
 * Protects a server with all its volumes, or with none and says why. request_json: instance_id (the server's Nova id);
 * optionally tier (start order, lower first), depends_on, required, start_timeout_seconds, boot_check.
 */
protector_status protector_member_add(const protector_engine *engine,
                                      const char *group,
                                      const char *request_json,
                                      char **member_json,
                                      protector_error **error);

/**
 * Changes how a member starts, in the fields that are given. instance: the server's name or Nova id. request_json: tier,
 * depends_on, required, start_timeout_seconds, no_start_timeout, boot_check, no_boot_check, check_in_tests.
 */
protector_status protector_member_update(const protector_engine *engine,
                                         const char *group,
                                         const char *instance,
                                         const char *request_json,
                                         char **member_json,
                                         protector_error **error);

/**
 * Ends the protection of a server. The server and its volumes stay as they are, and so do recovery points. instance: its
 * name or Nova id.
 */
protector_status protector_member_remove(const protector_engine *engine,
                                         const char *group,
                                         const char *instance,
                                         protector_error **error);

/**
 * The members of a group, as a list.
 */
protector_status protector_member_list(const protector_engine *engine,
                                       const char *group,
                                       char **members_json,
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
 * Whether both sites hold the same record of a group. A site that does not answer reads as unknown, never as in sync.
 */
protector_status protector_sync_status(const protector_engine *engine,
                                       const char *group,
                                       char **status_json,
                                       protector_error **error);

/**
 * Makes the other site hold what this site holds, as long as that loses nothing that the other site did by itself.
 * PROTECTOR_STATUS_CONFLICT: it would, or nobody knows; the error names what leads on.
 */
protector_status protector_sync_metadata(const protector_engine *engine,
                                         const char *group,
                                         char **status_json,
                                         protector_error **error);

/**
 * What would happen if both sites took the record of one of them, the winner; changes nothing.
 */
protector_status protector_plan_reconcile(const protector_engine *engine,
                                          const char *group,
                                          const char *winner,
                                          char **plan_json,
                                          protector_error **error);

/**
 * Does what such a plan says, if the records are still the same.
 */
protector_status protector_reconcile(const protector_engine *engine,
                                     const char *plan_json,
                                     char **status_json,
                                     protector_error **error);

/**
 * What failovers of a group lost or left behind, as a list, oldest first; also what was given up.
 */
protector_status protector_divergence_list(const protector_engine *engine,
                                           const char *group,
                                           char **entries_json,
                                           protector_error **error);

/**
 * Gives a divergence up. request_json: entry (its id), reason; optionally by.
 */
protector_status protector_divergence_discard(const protector_engine *engine,
                                              const char *group,
                                              const char *request_json,
                                              char **entry_json,
                                              protector_error **error);

/**
 * Answers the other site: for programs that carry its questions and answers, as protector-api does. Whoever calls it
 * answers for the question coming from there.
 */
protector_status protector_answer_peer(const protector_engine *engine,
                                       const char *question_json,
                                       char **answer_json,
                                       protector_error **error);

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
 * Asks whoever runs the operation, in this process or another one, to stop at the next step boundary, and returns at once:
 * "stop" in operation_json tells that the request waits. options_json: reason, by (who asks; the process if it is not said);
 * NULL: neither. PROTECTOR_STATUS_PRECONDITION: nobody runs it, or it has ended; the error names what leads on.
 */
protector_status protector_operation_cancel(const protector_engine *engine,
                                            const char *operation_id,
                                            const char *options_json,
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

/**
 * Those of them that have not ended. What it costs does not grow with what has.
 */
protector_status protector_operation_list_open(const protector_engine *engine,
                                               char **operations_json,
                                               protector_error **error);

/**
 * The plan that an operation was accepted with.
 */
protector_status protector_operation_accepted_plan(const protector_engine *engine,
                                                   const char *operation_id,
                                                   char **plan_json,
                                                   protector_error **error);

/**
 * Draws an operation as a graph of its steps, with how far each came. format as in protector_plan_graph.
 */
protector_status protector_operation_graph(const protector_engine *engine,
                                           const char *operation_id,
                                           const char *format,
                                           char **graph,
                                           protector_error **error);

/**
 * What happened in an operation and how long it took, to be kept or shown by protector_report_text and
 * protector_report_html.
 */
protector_status protector_operation_report(const protector_engine *engine,
                                            const char *operation_id,
                                            char **report_json,
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
 * Frees it. NULL is fine. Not while a call uses it; a run that was started with it does not need it any more.
 */
void protector_cancel_free(protector_cancel *cancel);

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
 * As protector_operation_run, without waiting for it: see protector_run.
 */
protector_status protector_operation_start(const protector_engine *engine,
                                           const char *operation_id,
                                           const protector_cancel *cancel,
                                           protector_run **run,
                                           protector_error **error);

/**
 * Gives the operation up as long as its pivot is not done: it ends as "cancelled" with its start restored. While somebody
 * runs it they are asked to, and the call returns at once; else it is done here, and progress and cancel are as in
 * protector_operation_run. options_json: reason, by (who asks; the process if it is not said), leave_peer (end also if the
 * other site stays silent, with the mark of divergence), ask_only (leave it to whoever runs the operation, now or next); NULL:
 * none of them. PROTECTOR_STATUS_PRECONDITION: the way is forward, or it has ended; nothing was changed.
 */
protector_status protector_operation_abort(const protector_engine *engine,
                                           const char *operation_id,
                                           const char *options_json,
                                           protector_progress_fn progress,
                                           void *user_data,
                                           const protector_cancel *cancel,
                                           char **operation_json,
                                           protector_error **error);

/**
 * As protector_operation_abort, without waiting for it: see protector_run.
 */
protector_status protector_operation_abort_start(const protector_engine *engine,
                                                 const char *operation_id,
                                                 const char *options_json,
                                                 const protector_cancel *cancel,
                                                 protector_run **run,
                                                 protector_error **error);

/**
 * Runs an operation here although another process has it: one whose lease has expired, or which is certainly gone. One that
 * nobody has is run as by protector_operation_run, and progress and cancel are as there. PROTECTOR_STATUS_CONFLICT: a living
 * process has it; the error says which, until when, and what to do.
 */
protector_status protector_operation_takeover(const protector_engine *engine,
                                              const char *operation_id,
                                              protector_progress_fn progress,
                                              void *user_data,
                                              const protector_cancel *cancel,
                                              char **operation_json,
                                              protector_error **error);

/**
 * As protector_operation_takeover, without waiting for it: see protector_run.
 */
protector_status protector_operation_takeover_start(const protector_engine *engine,
                                                    const char *operation_id,
                                                    const protector_cancel *cancel,
                                                    protector_run **run,
                                                    protector_error **error);

/**
 * The next event, as protector_progress_fn hears it; NULL with PROTECTOR_STATUS_OK: none waits. Never blocks.
 */
protector_status protector_run_next(const protector_run *run,
                                    char **event_json,
                                    protector_error **error);

/**
 * Waits until an event or the end is there, at most timeout_ms milliseconds; negative: without a limit. False: the time has
 * passed. True for NULL and in a forked child, so that the next call tells what is wrong.
 */
bool protector_run_wait(const protector_run *run,
                        int64_t timeout_ms);

/**
 * A file descriptor for poll, select or epoll: readable while an event waits, and from the end on. It belongs to the run: do
 * not read or close it, and forget it before protector_run_free. -1: none could be made, or NULL.
 */
int32_t protector_run_fd(const protector_run *run);

/**
 * Whether it has ended and all its events were taken. True for NULL and in a forked child, so that no loop turns for ever.
 */
bool protector_run_ended(const protector_run *run);

/**
 * What it came to: result or error, as the call that blocks would give it. May be asked again. PROTECTOR_STATUS_PRECONDITION:
 * it has not ended yet.
 */
protector_status protector_run_result(const protector_run *run,
                                      char **result_json,
                                      protector_error **error);

/**
 * Frees a run; NULL is fine. If it has not ended, it is asked to stop at the next safe place, as by protector_cancel_request on
 * the cancel it was started with, and the call returns at once: it goes on until there, and can be continued by another run.
 */
void protector_run_free(protector_run *run);

/**
 * Plans to move everything that runs on a site to the other sites of its groups; changes nothing. request_json, all
 * optional: type ("planned" or "unplanned"), force, reason, mappings. What forbids a group is in its plan.
 */
protector_status protector_plan_site_failover(const protector_engine *engine,
                                              const char *site,
                                              const char *request_json,
                                              char **plan_json,
                                              protector_error **error);

/**
 * Moves the groups of a plan of protector_plan_site_failover: those of the lowest number first, those of one number side by side.
 * A group that fails keeps no other from moving; how each went is in outcome_json. To go on after an interruption, plan again
 * and run that. skip_blocked: move those that can be moved, although others are blocked; else PROTECTOR_STATUS_PLAN_BLOCKED, and
 * nothing was begun. progress and cancel are as in protector_operation_run.
 */
protector_status protector_site_failover(const protector_engine *engine,
                                         const char *plan_json,
                                         bool skip_blocked,
                                         protector_progress_fn progress,
                                         void *user_data,
                                         const protector_cancel *cancel,
                                         char **outcome_json,
                                         protector_error **error);

/**
 * As protector_site_failover, without waiting for it: see protector_run.
 */
protector_status protector_site_failover_start(const protector_engine *engine,
                                               const char *plan_json,
                                               bool skip_blocked,
                                               const protector_cancel *cancel,
                                               protector_run **run,
                                               protector_error **error);

/**
 * The health of all groups, as a list. What could not be observed is unknown, with the reason.
 */
protector_status protector_health(const protector_engine *engine,
                                  char **health_json,
                                  protector_error **error);

/**
 * The health of one group.
 */
protector_status protector_health_show(const protector_engine *engine,
                                       const char *group,
                                       char **health_json,
                                       protector_error **error);

/**
 * The same as numbers, in the text format of Prometheus.
 */
protector_status protector_metrics(const protector_engine *engine,
                                   char **metrics,
                                   protector_error **error);

/**
 * Looks at the age of all recovery points and notes which objectives are broken, as the engine service does from time to
 * time.
 */
protector_status protector_sweep_rpo(const protector_engine *engine,
                                     char **sweep_json,
                                     protector_error **error);

/**
 * Says that a worker is alive. report_json: under_way (operations it is at work on), interval_seconds (when it means to
 * say so again), stopped (it ends now).
 */
protector_status protector_record_worker(const protector_engine *engine,
                                         const char *report_json,
                                         protector_error **error);

/**
 * The workers that said so, and the operations that wait for one.
 */
protector_status protector_workers(const protector_engine *engine,
                                   char **workers_json,
                                   protector_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PROTECTOR_H */
