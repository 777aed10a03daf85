/*
 * A deployment on disk, from a configuration file: databases, seed, engine. The file is the argument, and what
 * PROTECTOR_CONFIG_FILE names too.
 */
#include "world.h"

int main(int count, char **arguments)
{
    CHECK(count == 2);
    const char *config = arguments[1];
    protector_error *error;
    protector_engine *engine;
    char *text, *value;

    CHECK(protector_engine_open(config, NULL, &engine, &error) != PROTECTOR_STATUS_OK);
    CHECK(engine == NULL && protector_error_remedy(error) != NULL);
    protector_error_free(error);

    OK(protector_db_sync(config, &text, &error));
    CHECK((value = json_element(text, 1)) != NULL);
    free(value);
    protector_string_free(text);
    OK(protector_mock_seed(config, 3, 2, &text, &error));
    CHECK_TEXT(value = json_member(text, "servers"), "10");
    free(value);
    protector_string_free(text);
    CHECK(protector_mock_seed(config, 3, 0, &text, &error) == PROTECTOR_STATUS_ALREADY_EXISTS && text == NULL);
    protector_error_free(error);
    OK(protector_mock_servers(config, "site-a", &text, &error));
    CHECK((value = json_element(text, 9)) != NULL && json_element(text, 10) == NULL);
    free(value);
    protector_string_free(text);

    OK(protector_engine_open(config, "site-a", &engine, &error));
    protect(engine);
    protector_engine_free(engine);
    /* what was written is there for the next one */
    OK(protector_engine_open(NULL, "site-b", &engine, &error));
    OK(protector_protection_group_show(engine, GROUP, &text, &error));
    protector_string_free(text);
    protector_engine_free(engine);
    return 0;
}
