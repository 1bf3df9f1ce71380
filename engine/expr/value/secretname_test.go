package value

import (
	"strings"
	"testing"
)

func TestNamesThatSaySecret(t *testing.T) {
	for _, name := range strings.Fields(`password passwords passwd pwd pass passphrase secret secrets token tokens key keys api_key apikey
		api-key apiKey APIKey API_KEY dsn DSN private cert certs salt credential credentials db_password dbPassword DB_PASSWORD
		db-password DbPasswd password2 PASSWORD_2 password_old pgpassword PGPASSWORD mysqlpass rootpwd authtoken auth_token
		accessToken token_v2 secret_key secretKey private_key privateKey PRIVATE-KEY ssh_key sshkey sso_salt client_secret
		clientsecret my.password sentry_dsn ssl_cert sslcert aws_secret_access_key encryption_key signing_keys vault_pass
		userPass passwd_hash pin otp bearer_token authorization CELLAR_ADDON_KEY_SECRET secret_id private_keys`) {
		if !SecretName(name) {
			t.Errorf("%q does not say secret", name)
		}
	}
}

func TestNamesThatDoNot(t *testing.T) {
	for _, name := range strings.Fields(`keyboard monkey monkeys passed passes compass bypass passenger public_key publicKey pubkey
		ssh_public_key authorized_keys primary_key sort_key key_name keyword keywords turkey private_ip private_network privateIP
		token_ttl token_url password_file secret_name password_length name plan version region host port user author authors
		concert certain basalt spin tokenizer secretary env addon_id _ - 1 msg results item`) {
		if SecretName(name) {
			t.Errorf("%q says secret", name)
		}
	}
}

func TestPasswordsOfAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://u:pa55@h:5432/db":                "postgres://u:********@h:5432/db",
		"redis://:s3cret@h":                          "redis://:********@h",
		"see http://a:b@c and mysql://d:e@f.":        "see http://a:********@c and mysql://d:********@f.",
		"https://example.com/x@y:z@w":                "https://example.com/x@y:z@w",
		"postgres://u:p@ss@h":                        "postgres://u:********@h",
		"http://h:80/a@b":                            "http://h:80/a@b",
		"jdbc:postgresql://user:pw@h/db?x=1&y=a@b.c": "jdbc:postgresql://user:********@h/db?x=1&y=a@b.c",
	} {
		if got, _ := WithoutPasswords(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
