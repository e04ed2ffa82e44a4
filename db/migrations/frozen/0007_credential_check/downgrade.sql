drop table scorer.credential_check;
