/* The C side of doors.py: answers the orders of tests/rust/benches/doors/orders.rs through libprotector. */
#include "json.h"
#include "protector.h"
#include "read_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static protector_error *error;

/* Ends the program if a call failed. */
static void must(protector_status status)
{
    if (status != PROTECTOR_STATUS_OK) {
        fprintf(stderr, "[%s] %s\n", protector_error_code(error), protector_error_message(error));
        exit(1);
    }
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static char *file_of(const char *order, const char *name)
{
    char *path = json_text(order, name), *text;
    CHECK(path != NULL);
    text = read_file(path);
    free(path);
    return text;
}

static long number_of(const char *order, const char *name)
{
    char *value = json_member(order, name);
    long number = value ? strtol(value, NULL, 10) : 0;
    free(value);
    return number;
}

/* Seconds of all plans together, and the hash of one. */
static void plan(const char *order)
{
    char *facts = file_of(order, "facts"), *request = file_of(order, "request"), *made = NULL;
    double begun = now();
    for (long left = number_of(order, "times"); left > 0; left--) {
        protector_string_free(made);
        must(protector_plan(facts, request, &made, &error));
    }
    double seconds = now() - begun;
    char *hash = json_text(made, "hash");
    printf("{\"seconds\": %.9f, \"hash\": \"%s\"}\n", seconds, hash);
    free(hash);
    free(facts);
    free(request);
    protector_string_free(made);
}

/* The seconds that each call took. */
static void read_site(const char *order)
{
    static protector_engine *engine;
    char *name = json_text(order, "name"), *shown;
    if (engine == NULL) {
        char *settings = file_of(order, "settings"), *site = json_text(order, "site");
        must(protector_engine_open_text(settings, site, &engine, &error));
        free(site);
        free(settings);
    }
    printf("{\"seconds\": [");
    for (long count = number_of(order, "times"), at = 0; at < count; at++) {
        double begun = now();
        must(protector_site_show(engine, name, &shown, &error));
        protector_string_free(shown);
        printf("%s%.9f", at ? ", " : "", now() - begun);
    }
    printf("]}\n");
    free(name);
}

int main(void)
{
    static char order[4096];
    while (fgets(order, sizeof order, stdin) != NULL) {
        char *asked = json_text(order, "order");
        bool plans = asked != NULL && strcmp(asked, "plan") == 0;
        free(asked);
        if (plans) {
            plan(order);
        } else {
            read_site(order);
        }
        fflush(stdout);
    }
    return 0;
}
