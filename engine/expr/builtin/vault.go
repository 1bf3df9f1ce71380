package builtin

import (
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/playbooks/vault"
)

// vaultFilters seal and open texts in ansible-vault's format.
func vaultFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "vault", Params: "secret! salt=none vaultid='filter_default' wrap_object=false", Doc: "the text, encrypted by a password", How: expr.Plugin, Do: vaultFilter},
		{Names: "unvault", Params: "secret! vaultid='filter_default'", Doc: "what was encrypted by a password", How: expr.Plugin, Do: unvaultFilter},
	}
}

func vaultFilter(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	if u.Arg(1) != nil {
		return nil, value.Errorf(value.FilterError, "'vault' takes no salt here: it makes one").WithHint("leave salt out")
	}
	sealed, err := vault.Encrypt([]byte(s), vault.Secret{Label: u.Str(2), Password: []byte(u.Str(0))})
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	return string(sealed), u.Context.Write(len(sealed))
}

func unvaultFilter(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(s, "$ANSIBLE_VAULT;") {
		return s, nil
	}
	plain, _, err := vault.NewKeyring(vault.Secret{Label: u.Str(1), Password: []byte(u.Str(0))}).Decrypt([]byte(s))
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	return string(plain), u.Context.Write(len(plain))
}
